#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../../layers/module.hpp"
#include "../model.hpp"
#include "../text/vocabulary.hpp"
#include "config.hpp"

namespace heed {

/// What a model folder holds: config.json, model.safetensors, source.vocab, target.vocab.
struct ModelFolder {
  Config config;
  Vocabulary source, target;
  TranslationModel model;
  /// What reading changed, a line each: half precision became float32.
  std::vector<std::string> notes = {};
};

/// Makes a model from a folder's configuration.
using ModelBuilder = TranslationModel (*)(const Config&);

/// The model that `config` describes, freshly initialised from `default_generator()` as its
/// `training.initialisation` says. `ConfigError` for attention = custom, which only a
/// `ModelBuilder` of your own can make.
TranslationModel make_model(const Config& config);

/// Reads a model folder. `IoError` for a missing file; `FormatError` or `DataError` for a
/// config.json that is wrong or newer, vocabularies of another size than the embeddings, weights
/// that are missing, unexpected, of another shape or type (all of them listed),
/// or not finite (named).
ModelFolder load_model_folder(const std::string& folder);
/// The same for a folder with attention = custom: `build` makes the model that the weights are of.
///
///     load_model_folder("m", [](const Config& c) {
///       return TranslationModel(RNNsearch(c.recurrent, ScoreFunction(MyScore(c.recurrent))));
///     });
ModelFolder load_model_folder(const std::string& folder, ModelBuilder build);
/// The text of a folder's config.json: `to_json` with the checksums of its vocabularies.
std::string config_json(const Config& config, const Vocabulary& source, const Vocabulary& target);
/// Writes the four files, each through a temporary name; makes the folder if there is none.
void save_model_folder(const std::string& folder, const Config& config, const Vocabulary& source,
                       const Vocabulary& target, const std::vector<NamedTensor>& weights);

/// Writes tensors as a safetensors file, `metadata` beside them; reads one, refusing weights that
/// are not finite.
void save_weights(const std::string& path, const std::vector<NamedTensor>& weights,
                  const std::vector<std::pair<std::string, std::string>>& metadata = {});
std::vector<NamedTensor> load_weights(const std::string& path);
/// `FormatError` that names `file` and the first of its tensors that is not finite.
void check_finite(const std::string& file, const std::vector<NamedTensor>& tensors);

}  // namespace heed
