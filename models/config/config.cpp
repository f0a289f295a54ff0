#include "config.hpp"

#include <limits>
#include <optional>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/suggest.hpp"
#include "../text/utf8.hpp"
#include "../text/vocabulary.hpp"
#include "config_keys.hpp"

namespace heed {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

constexpr int64_t format_version = 1;

struct SymbolId {
  const char* name;
  int32_t id;
};
constexpr SymbolId symbol_ids[] = {{"pad", Vocabulary::pad},
                                   {"unk", Vocabulary::unk},
                                   {"bos", Vocabulary::bos},
                                   {"eos", Vocabulary::eos}};

/// -0 as 0, which it means in every key.
std::string number(double value) { return json_number(value + 0.0); }

/// The value of a key as JSON.
std::string json_value(const Key& key) {
  return std::visit(
      Overloaded{[](const IntegerKey& k) { return std::to_string(*k.value); },
                 [](const NumberKey& k) { return number(*k.value); },
                 [](const FractionKey& k) { return number(*k.value); },
                 [](const FlagKey& k) { return std::string(*k.value ? "true" : "false"); },
                 [](const TextKey& k) { return json_string(*k.value); },
                 [](const PenaltyKey& k) { return json_string(to_string(*k.value)); },
                 [](const ChoiceKey& k) {
                   return json_string(k.names[static_cast<std::size_t>(k.get())]);
                 }},
      key.variable);
}

void set_choice(const ChoiceKey& key, const std::string& name) {
  for (std::size_t i = 0; i < key.names.size(); ++i) {
    if (key.names[i] == name) key.set(static_cast<int>(i));
  }
}

constexpr double largest = std::numeric_limits<double>::max();

std::string range_of(const NumberKey& key, const char* before) {
  return (key.or_zero ? "0, or " : "") + (before + shortest(key.low)) + " to " + shortest(key.high);
}

void read_number(const Json* given, const NumberKey& key) {
  if (!given) return;
  const double value =
      key.or_zero ? given->as_number(-largest, largest) : given->as_number(key.low, key.high);
  if (value != 0 && (value < key.low || value > key.high)) {
    given->fail("expects " + range_of(key, "a number from ") + ", got " + given->shown());
  }
  *key.value = value;
}

void read_penalty(const Json* given, LengthPenalty& value) {
  if (!given) return;
  std::optional<LengthPenalty> penalty;
  if (given->kind() == Json::Kind::string) {
    penalty = parse_length_penalty(given->as_text());
  } else if (given->kind() == Json::Kind::integer || given->kind() == Json::Kind::number) {
    penalty = parse_length_penalty(shortest(given->as_number(-largest, largest)));
  }
  if (!penalty) {
    given->fail(std::string("expects ") + length_penalty_form + ", got " + given->shown());
  }
  value = *penalty;
}

void read_key(const Json& json, const Key& key) {
  const std::string& name = key.name;
  std::visit(Overloaded{[&](const IntegerKey& k) {
                          *k.value = json.integer(name, *k.value, k.low, k.high);
                        },
                        [&](const NumberKey& k) { read_number(json.find(name), k); },
                        [&](const FractionKey& k) { *k.value = json.fraction(name, *k.value); },
                        [&](const FlagKey& k) { *k.value = json.flag(name, *k.value); },
                        [&](const TextKey& k) { *k.value = json.text(name, *k.value); },
                        [&](const PenaltyKey& k) { read_penalty(json.find(name), *k.value); },
                        [&](const ChoiceKey& k) {
                          const std::string now = k.names[static_cast<std::size_t>(k.get())];
                          set_choice(k, json.choice(name, now, k.names));
                        }},
             key.variable);
}

std::vector<std::string> names(const std::vector<Key>& keys) {
  std::vector<std::string> result;
  for (const Key& key : keys) result.push_back(key.name);
  return result;
}

/// Format, version and the ids of the symbols: they may be left out, but not differ.
void check_constants(const Json& json) {
  json.choice("format", "heed", {"heed"});
  if (json.integer("version", format_version, 1, INT32_MAX) > format_version) {
    json.fail("version " + std::to_string(json.required_integer("version", 1, INT32_MAX)) +
              ", written by a newer heed; this one reads version " +
              std::to_string(format_version));
  }
  for (const SymbolId& symbol : symbol_ids) {
    json.integer(symbol.name, symbol.id, symbol.id, symbol.id);
  }
}

/// The kind of model that decides which other keys there are.
void read_model(Config& config, const Json& json) {
  const std::vector<KeyGroup> groups = key_groups(config);
  for (const Key& key : groups[0].keys) {
    if (key.name == "model") read_key(json, key);
  }
}

/// Refuses what is not a key at the top of config.json.
void check_top_keys(Config& config, const std::vector<KeyGroup>& groups, const Json& json) {
  std::vector<std::string> known{"format", "version", "pad", "unk", "bos", "eos",
                                 // They say nothing of the model, but of the files beside it.
                                 "source_vocab_sha256", "target_vocab_sha256"};
  const auto append = [&](const std::vector<std::string>& more) {
    known.insert(known.end(), more.begin(), more.end());
  };
  for (const KeyGroup& group : groups) {
    append(group.name.empty() ? names(group.keys) : std::vector<std::string>{group.name});
  }
  append(names(foreign_keys(config)));
  json.allow_only(known);
}

void read(Config& config, const Json& json) {
  check_constants(json);
  read_model(config, json);
  const std::vector<KeyGroup> groups = key_groups(config);
  check_top_keys(config, groups, json);
  for (const KeyGroup& group : groups) {
    const bool top = group.name.empty();
    const Json& object = top ? json : json.object(group.name);
    if (!top) object.allow_only(names(group.keys));
    for (const Key& key : group.keys) read_key(object, key);
  }
}

/// The same of what a user asks for: keys that another architecture alone has change nothing, but a
/// wrong value of theirs is refused as that one would.
void read_checked(Config& config, const Json& json) {
  read(config, json);
  Config ignored = config;
  for (const Key& key : foreign_keys(ignored)) read_key(json, key);
}

/// `training.epochs` as the key `epochs` of the object `training`.
std::string path_of(const KeyGroup& group, const Key& key) {
  return group.name.empty() ? key.name : group.name + '.' + key.name;
}

}  // namespace

const char* to_string(ModelKind kind) {
  switch (kind) {
    case ModelKind::rnn_search:
      return "rnn_search";
    case ModelKind::encoder_decoder:
      return "encoder_decoder";
    case ModelKind::transformer:
      break;
  }
  return "transformer";
}
const char* to_string(TokenizerKind kind) { return kind == TokenizerKind::word ? "word" : "char"; }

ModelKind model_kind(const std::string& name) {
  std::vector<std::string> known;
  for (const ModelKind kind : model_kinds()) {
    known.emplace_back(to_string(kind));
    if (known.back() == name) return kind;
  }
  throw ConfigError("model \"" + escaped(name) + "\" is not one of " + listed(known, ", ") +
                    did_you_mean(name, known));
}

ModelKind model_in_config_file(const std::string& path, ModelKind fallback) {
  Config config;
  config.model = fallback;
  read_model(config, Json::read(path, JsonFault::config));
  return config.model;
}

int64_t Config::source_vocab() const {
  return model == ModelKind::transformer ? transformer.source_vocab : recurrent.source_vocab;
}

int64_t Config::target_vocab() const {
  return model == ModelKind::transformer ? transformer.target_vocab : recurrent.target_vocab;
}

void Config::set_vocabularies(int64_t source, int64_t target) {
  recurrent.source_vocab = transformer.source_vocab = source;
  recurrent.target_vocab = transformer.target_vocab = target;
}

void apply_json(Config& config, const std::string& json, const std::string& file) {
  read_checked(config, Json::parse(json, file, JsonFault::config));
}

void apply_config_file(Config& config, const std::string& path) {
  read_checked(config, Json::read(path, JsonFault::config));
}

void apply_setting(Config& config, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos) {
    throw ConfigError("--set " + escaped(setting) + ": expects KEY=VALUE");
  }
  if (find_utf8_fault(setting)) {
    throw ConfigError("--set " + escaped(setting) + ": is not valid UTF-8");
  }
  const std::string path = setting.substr(0, equals), value = setting.substr(equals + 1);
  Config ignored = config;
  std::vector<KeyGroup> groups = key_groups(config);
  groups.push_back({"", foreign_keys(ignored)});
  std::vector<std::string> known;
  for (const KeyGroup& group : groups) {
    for (const Key& key : group.keys) {
      known.push_back(path_of(group, key));
      if (known.back() != path) continue;
      const bool word = std::holds_alternative<TextKey>(key.variable) ||
                        std::holds_alternative<PenaltyKey>(key.variable) ||
                        std::holds_alternative<ChoiceKey>(key.variable);
      Json json;
      json.set(path, word ? json_string(value) : value, "--set");
      read_key(group.name.empty() ? json : json.object(group.name), key);
      return;
    }
  }
  throw ConfigError("--set: unknown key \"" + escaped(path) + "\"" + did_you_mean(path, known));
}

std::string to_json(const Config& config) { return to_json(config, {}); }

std::string to_json(const Config& config,
                    const std::vector<std::pair<std::string, std::string>>& more) {
  Config copy = config;
  std::string top = "{\n  \"format\": \"heed\",\n  \"version\": " + std::to_string(format_version);
  for (const SymbolId& symbol : symbol_ids) {
    top += std::string(",\n  \"") + symbol.name + "\": " + std::to_string(symbol.id);
  }
  for (const KeyGroup& group : key_groups(copy)) {
    const bool nested = !group.name.empty();
    std::string text;
    for (const Key& key : group.keys) {
      text += text.empty() && nested ? "\n" : ",\n";
      text += (nested ? "    " : "  ") + json_string(key.name) + ": " + json_value(key);
    }
    top += nested ? ",\n  " + json_string(group.name) + ": {" + text + "\n  }" : text;
  }
  for (const auto& [name, text] : more) {
    top += ",\n  " + json_string(name) + ": " + json_string(text);
  }
  return top + "\n}\n";
}

namespace {

/// What a model folder must say, wherever it was made.
std::vector<const char*> required_sizes(ModelKind kind) {
  if (kind == ModelKind::transformer) {
    return {"version", "source_vocab",   "target_vocab",   "d_model",
            "heads",   "encoder_layers", "decoder_layers", "feed_forward"};
  }
  if (kind == ModelKind::encoder_decoder) {
    return {"version", "source_vocab", "target_vocab", "embedding", "hidden", "readout_size"};
  }
  return {"version", "source_vocab",   "target_vocab", "embedding",
          "hidden",  "attention_size", "readout_size"};
}

}  // namespace

Config load_config(const std::string& path) {
  return load_config(Json::read(path, JsonFault::format), path);
}

Config load_config(const Json& json, const std::string& path) {
  Config config;
  check_constants(json);
  for (const char* name : {"format", "model"}) json.required_text(name);
  read(config, json);
  for (const char* name : required_sizes(config.model)) json.required_integer(name, 1, INT32_MAX);
  try {
    check(config);
  } catch (const ConfigError& error) {
    throw FormatError(escaped(path, 400) + ": " + error.what());
  }
  return config;
}

namespace {

/// A key as it is listed: with its type and range, and its value now as the default.
ConfigKey described(const KeyGroup& group, const Key& key) {
  ConfigKey line{path_of(group, key), "", json_value(key), "", key.meaning};
  const auto is = [&](const char* type, const std::string& range) {
    line.type = type;
    line.range = range;
  };
  std::visit(
      Overloaded{[&](const IntegerKey& k) {
                   is("integer", std::to_string(k.low) + " to " + std::to_string(k.high));
                 },
                 [&](const NumberKey& k) { is("number", range_of(k, "")); },
                 [&](const FractionKey&) { is("number", "0 to 1, without 1"); },
                 [&](const FlagKey&) { is("true or false", ""); },
                 [&](const TextKey&) { is("string", ""); },
                 [&](const PenaltyKey&) { is("string or number", "A or wu:A, A from 0 to 10"); },
                 [&](const ChoiceKey& k) { is("string", listed(k.names, ", ")); }},
      key.variable);
  return line;
}

}  // namespace

std::vector<ConfigKey> config_keys() {
  Config defaults;
  std::vector<KeyGroup> groups;
  for (const ModelKind kind : model_kinds()) {
    defaults.model = kind;
    // Of the second kind and later ones, only what is theirs.
    const bool first = groups.empty();
    const std::vector<KeyGroup> all = key_groups(defaults);
    groups.insert(groups.end(), first ? all.begin() : all.begin() + 1,
                  first ? all.end() : all.begin() + 2);
  }
  defaults.model = ModelKind::rnn_search;
  std::vector<ConfigKey> result;
  for (const KeyGroup& group : groups) {
    for (const Key& key : group.keys) result.push_back(described(group, key));
  }
  return result;
}

std::vector<std::string> differences(const Config& there, const Config& here) {
  Config a = there, b = here;
  std::vector<std::string> lines;
  if (a.model != b.model) {
    lines.push_back("model: \"" + std::string(to_string(a.model)) + "\" there, \"" +
                    to_string(b.model) + "\" here");
    a.model = b.model;  // their other keys have nothing to do with each other
    a.transformer = b.transformer;
    a.recurrent = b.recurrent;
  }
  const auto groups_a = key_groups(a), groups_b = key_groups(b);
  for (std::size_t g = 0; g < groups_a.size(); ++g) {
    for (std::size_t k = 0; k < groups_a[g].keys.size(); ++k) {
      const std::string before = json_value(groups_a[g].keys[k]);
      const std::string now = json_value(groups_b[g].keys[k]);
      if (before == now) continue;
      lines.push_back(path_of(groups_a[g], groups_a[g].keys[k]) + ": " + escaped(before) +
                      " there, " + escaped(now) + " here");
    }
  }
  return lines;
}

std::vector<std::pair<std::string, std::string>> training_settings(const TrainingConfig& training) {
  Config config;
  config.training = training;
  std::vector<std::pair<std::string, std::string>> settings;
  for (const KeyGroup& group : key_groups(config)) {
    if (group.name != "training") continue;
    for (const Key& key : group.keys) {
      const bool limit = key.name == "steps" || key.name == "epochs" || key.name == "minutes";
      if (!limit) settings.emplace_back(path_of(group, key), json_value(key));
    }
  }
  return settings;
}

}  // namespace heed
