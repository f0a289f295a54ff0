#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config.hpp"

/// The keys of config.json, each with the variable that it sets: reading, writing, `--set`,
/// comparing and docs/config.md all go through this one list. For sources of this folder.
namespace heed {

class Json;

struct IntegerKey {
  int64_t* value;
  int64_t low, high;
};
/// In [low, high]; with `or_zero` 0 as well, which stands for none or for a default.
struct NumberKey {
  double* value;
  double low, high;
  bool or_zero = false;
};
/// In [0, 1).
struct FractionKey {
  double* value;
};
struct FlagKey {
  bool* value;
};
struct TextKey {
  std::string* value;
};
/// `"A"`, `"wu:A"`, or A as a number.
struct PenaltyKey {
  LengthPenalty* value;
};
struct ChoiceKey {
  std::vector<std::string> names;
  std::function<int()> get;
  std::function<void(int)> set;
};

struct Key {
  /// `hidden`, `learning_rate`: without the object that it is in.
  std::string name;
  std::variant<IntegerKey, NumberKey, FractionKey, FlagKey, TextKey, PenaltyKey, ChoiceKey>
      variable;
  std::string meaning;
};

/// The object of config.json (`training`, `data`, `search`, or "" for the top level) and some of
/// its keys.
struct KeyGroup {
  std::string name;
  std::vector<Key> keys;
};

/// What every model has, the keys of the architecture that `config.model` names, training, data and
/// search. The variables belong to `config`, which outlives the list.
std::vector<KeyGroup> key_groups(Config& config);
/// Keys of the other architectures alone, which a configuration may hold and this one ignores.
/// Their variables belong to `config` too.
std::vector<Key> foreign_keys(Config& config);
/// All kinds of models.
const std::vector<ModelKind>& model_kinds();

/// `to_json` with further names and texts at its end.
std::string to_json(const Config& config,
                    const std::vector<std::pair<std::string, std::string>>& more);
/// `load_config` of a file that is read already.
Config load_config(const Json& json, const std::string& path);

}  // namespace heed
