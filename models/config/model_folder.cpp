#include "model_folder.hpp"

#include <filesystem>
#include <map>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/safetensors.hpp"
#include "../../core/kernels/reductions.hpp"
#include "../../layers/initializers.hpp"
#include "../encoder_decoder.hpp"
#include "../rnn_search.hpp"
#include "../transformer.hpp"
#include "config_keys.hpp"

namespace heed {

namespace {

constexpr const char* checksum_names[] = {"source_vocab_sha256", "target_vocab_sha256"};

/// The commonest mistakes with a path, said better than by the file that is not there.
void check_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code unknown;  // then reading says it
  if (!fs::exists(folder, unknown) && !unknown) {
    throw IoError(escaped(folder, 400) + ": no such folder");
  }
  if (fs::is_regular_file(folder, unknown)) {
    throw IoError(escaped(folder, 400) + ": a file, expected the folder of a model");
  }
  if (!fs::exists(fs::path(folder) / "config.json", unknown) && !unknown) {
    throw IoError(
        escaped(folder, 400) +
        ": has no config.json, is not the folder of a model (heed train --out makes one)");
  }
}

/// Float32 is what a folder holds; half precision fits into it. Returns a note of what is
/// converted, if anything is.
std::vector<std::string> check_types(const std::string& path, const SafetensorsHeader& header) {
  std::map<std::string, int64_t> halves;
  for (const TensorInfo& tensor : header.tensors) {
    if (tensor.dtype != float32) {
      throw FormatError(escaped(path, 400) + ": " + escaped(tensor.name) + " is " +
                        to_string(tensor.dtype) + ", expected float32");
    }
    if (tensor.stored != "F32") ++halves[tensor.stored];
  }
  std::string note;
  for (const auto& [type, count] : halves) {
    note += (note.empty() ? "" : " and ") + std::to_string(count) + " from " + type;
  }
  if (note.empty()) return {};
  return {escaped(path, 400) + ": of " + std::to_string(header.tensors.size()) +
          " tensors, converted to float32: " + note};
}

/// Compares the file's names and shapes with those of the model, of which nothing more is made: it
/// could be far larger than the file.
void check_shapes(const SafetensorsHeader& header, const Config& config) {
  const Array number = Array::zeros({});
  std::vector<NamedTensor> claimed;
  for (const TensorInfo& tensor : header.tensors) {
    claimed.push_back({tensor.name, Tensor(number.expand(tensor.shape))});
  }
  const ShapesOnly shapes_only;
  const TranslationModel model = make_model(config);
  check_state_dict(model, claimed);
}

/// The vocabularies are the ones that the weights were trained with, if config.json knows: with
/// other words or another order the model would say something else.
void check_checksums(const std::string& folder, const Json& json, const Vocabulary& source,
                     const Vocabulary& target) {
  const Vocabulary* vocabularies[] = {&source, &target};
  for (int side = 0; side < 2; ++side) {
    if (!json.has(checksum_names[side])) continue;
    if (json.required_text(checksum_names[side]) == sha256(vocabularies[side]->text())) continue;
    const std::string file = side == 0 ? "source.vocab" : "target.vocab";
    throw FormatError(escaped(join_path(folder, file), 400) +
                      ": is not the vocabulary that the model was trained with (other tokens, or "
                      "another order): its checksum is not " +
                      checksum_names[side] + " of config.json");
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

template <class Model>
Model recurrent_model(const Config& config) {
  Model model(config.recurrent);
  if (config.training.initialisation == Initialisation::paper) initialize_as_paper(model);
  return model;
}

/// The model whose weights are read in a moment: the draws of the paper, orthogonal matrices among
/// them, would take longer than that.
TranslationModel unread_model(Config config) {
  config.training.initialisation = Initialisation::standard;
  return make_model(config);
}

}  // namespace

TranslationModel make_model(const Config& config) {
  if (config.model == ModelKind::transformer) {
    return TranslationModel(Transformer(config.transformer));
  }
  if (config.model == ModelKind::encoder_decoder) {
    return TranslationModel(recurrent_model<EncoderDecoder>(config));
  }
  return TranslationModel(recurrent_model<RNNsearch>(config));
}

ModelFolder load_model_folder(const std::string& folder) {
  return load_model_folder(folder, nullptr);
}

ModelFolder load_model_folder(const std::string& folder, ModelBuilder build) {
  check_folder(folder);
  const auto file = [&](const char* name) { return join_path(folder, name); };
  const Json json = Json::read(file("config.json"), JsonFault::format);
  const Config config = load_config(json, file("config.json"));
  if (!build) refuse_custom(file("config.json"), config);
  Vocabulary source = Vocabulary::load(file("source.vocab"));
  Vocabulary target = Vocabulary::load(file("target.vocab"));
  check_vocabulary(file("source.vocab"), source, "source_vocab", config.source_vocab());
  check_vocabulary(file("target.vocab"), target, "target_vocab", config.target_vocab());
  check_checksums(folder, json, source, target);
  const std::string path = file("model.safetensors");
  const SafetensorsHeader header = load_safetensors_header(path);
  const std::vector<std::string> notes = check_types(path, header);
  try {
    if (!build) check_shapes(header, config);
    ModelFolder result{config, std::move(source), std::move(target),
                       build ? build(config) : unread_model(config), notes};
    load_state_dict(result.model, load_weights(path));
    return result;
  } catch (const FormatError& error) {
    const std::string what = error.what(), place = escaped(path, 400) + ": ";
    throw FormatError(what.starts_with(place) ? what : place + what);
  }
}

std::string config_json(const Config& config, const Vocabulary& source, const Vocabulary& target) {
  return to_json(config, {{checksum_names[0], sha256(source.text())},
                          {checksum_names[1], sha256(target.text())}});
}

void save_model_folder(const std::string& folder, const Config& config, const Vocabulary& source,
                       const Vocabulary& target, const std::vector<NamedTensor>& weights) {
  make_folder(folder);
  source.save(join_path(folder, "source.vocab"));
  target.save(join_path(folder, "target.vocab"));
  replace_file(join_path(folder, "config.json"), config_json(config, source, target));
  save_weights(join_path(folder, "model.safetensors"), weights);
}

void save_weights(const std::string& path, const std::vector<NamedTensor>& weights,
                  const std::vector<std::pair<std::string, std::string>>& metadata) {
  replace_file(path, safetensors_bytes(tensor_file(weights, metadata)));
}

std::vector<NamedTensor> load_weights(const std::string& path) {
  const std::string file = escaped(path, 400);
  std::vector<NamedTensor> weights = named_tensors(load_safetensors(path));
  for (const NamedTensor& weight : weights) {
    if (is_floating(weight.tensor.dtype())) continue;
    throw FormatError(file + ": " + escaped(weight.name) + " is " +
                      to_string(weight.tensor.dtype()) + ", expected float32");
  }
  check_finite(file, weights);
  return weights;
}

void check_finite(const std::string& file, const std::vector<NamedTensor>& tensors) {
  for (const NamedTensor& entry : tensors) {
    if (!is_floating(entry.tensor.dtype()) || kernels::all_finite(entry.tensor.array())) continue;
    throw FormatError(file + ": " + escaped(entry.name) +
                      " holds values that are not finite (NaN or infinity)");
  }
}

}  // namespace heed
