#include <heed/models/model_folder.hpp>

#include <heed/core/error.hpp>
#include <heed/core/files.hpp>
#include <heed/core/kernels/reductions.hpp>
#include <heed/core/safetensors.hpp>
#include <heed/models/encoder_decoder.hpp>
#include <heed/models/rnn_search.hpp>
#include <heed/models/transformer.hpp>

namespace heed {

namespace {

void refuse_float64(const std::string& path, const std::vector<NamedTensor>& weights) {
  for (const NamedTensor& weight : weights) {
    if (weight.tensor.dtype() == float32) continue;
    throw FormatError(escaped(path, 400) + ": " + escaped(weight.name) +
                      " is float64, expected float32");
  }
}

void refuse_custom(const std::string& path, const Config& config) {
  if (config.model != ModelKind::rnn_search || config.recurrent.attention != Score::custom) return;
  throw FormatError(escaped(path, 400) +
                    ": attention \"custom\": the model's score function is in the program that "
                    "trained it; load it there with Translator::load(folder, build)");
}

/// Both sizes in the message: of the file and of what config.json says.
void check_vocabulary(const std::string& path, const Vocabulary& vocabulary, const char* key,
                      int64_t rows) {
  if (vocabulary.size() == rows) return;
  throw FormatError(escaped(path, 400) + ": " + std::to_string(vocabulary.size()) +
                    " tokens, but the embedding has " + std::to_string(rows) + " rows (" + key +
                    " of config.json)");
}

}  // namespace

TranslationModel make_model(const Config& config) {
  if (config.model == ModelKind::transformer) {
    return TranslationModel(Transformer(config.transformer));
  }
  if (config.model == ModelKind::encoder_decoder) {
    return TranslationModel(EncoderDecoder(config.recurrent));
  }
  return TranslationModel(RNNsearch(config.recurrent));
}

ModelFolder load_model_folder(const std::string& folder) {
  return load_model_folder(folder, nullptr);
}

ModelFolder load_model_folder(const std::string& folder, ModelBuilder build) {
  const auto file = [&](const char* name) { return join_path(folder, name); };
  Config config = load_config(file("config.json"));
  if (!build) refuse_custom(file("config.json"), config);
  Vocabulary source = Vocabulary::load(file("source.vocab"));
  Vocabulary target = Vocabulary::load(file("target.vocab"));
  check_vocabulary(file("source.vocab"), source, "source_vocab", config.source_vocab());
  check_vocabulary(file("target.vocab"), target, "target_vocab", config.target_vocab());
  const std::vector<NamedTensor> weights = load_weights(file("model.safetensors"));
  refuse_float64(file("model.safetensors"), weights);
  ModelFolder result{config, std::move(source), std::move(target),
                     build ? build(config) : make_model(config)};
  try {
    load_state_dict(result.model, weights);
  } catch (const FormatError& error) {
    throw FormatError(escaped(file("model.safetensors"), 400) + ": " + error.what());
  }
  return result;
}

void save_model_folder(const std::string& folder, const Config& config, const Vocabulary& source,
                       const Vocabulary& target, const std::vector<NamedTensor>& weights) {
  make_folder(folder);
  source.save(join_path(folder, "source.vocab"));
  target.save(join_path(folder, "target.vocab"));
  replace_file(join_path(folder, "config.json"), to_json(config));
  save_weights(join_path(folder, "model.safetensors"), weights);
}

void save_weights(const std::string& path, const std::vector<NamedTensor>& weights,
                  const std::vector<std::pair<std::string, std::string>>& metadata) {
  TensorFile file;
  file.metadata = metadata;
  for (const NamedTensor& weight : weights) {
    file.tensors.push_back({weight.name, weight.tensor.array()});
  }
  replace_file(path, safetensors_bytes(file));
}

std::vector<NamedTensor> load_weights(const std::string& path) {
  std::vector<NamedTensor> weights;
  for (auto& [name, array] : load_safetensors(path).tensors) {
    if (!is_floating(array.dtype())) {
      throw FormatError(escaped(path, 400) + ": " + escaped(name) + " is " +
                        to_string(array.dtype()) + ", expected float32");
    }
    if (!kernels::all_finite(array)) {
      throw FormatError(escaped(path, 400) + ": " + escaped(name) +
                        " holds values that are not finite (NaN or infinity)");
    }
    weights.push_back({name, Tensor(std::move(array))});
  }
  return weights;
}

}  // namespace heed
