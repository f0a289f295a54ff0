#include "save.hpp"

#include <limits>

#include "../../core/error.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/files/safetensors.hpp"
#include "../../core/random.hpp"
#include "../config/model_folder.hpp"
#include "training_checkpoint.hpp"

namespace heed {

namespace {

/// Before the names of the optimiser's state, and the key of the metadata with the rest.
const std::string prefix = "optimizer.";
constexpr const char* training_key = "heed.training";

void check_path(const char* who, const std::string& path) {
  if (path.empty()) throw IoError(std::string(who) + ": the path is empty; name a file");
}

std::vector<NamedTensor> weights_of(const ModuleView& model) {
  std::vector<NamedTensor> weights = state_dict(model);
  if (weights.empty()) throw Error("save: the model has no weights; was it moved from?");
  return weights;
}

/// `load` refuses what is not finite: then the file that is there is worth more.
void check_can_be_read(const std::string& path, const std::vector<NamedTensor>& tensors) {
  try {
    check_finite("save", tensors);
  } catch (const FormatError& error) {
    throw NumericError(std::string(error.what()) + "; " + escaped(path, 400) +
                       " is left as it was");
  }
}

std::string training_json(const Optimizer& optimizer, DataPosition next) {
  return "{\"learning_rate\": " + json_number(optimizer.learning_rate()) +
         ", \"epoch\": " + std::to_string(next.epoch) +
         ", \"batch\": " + std::to_string(next.batch) +
         ", \"generator\": " + generator_json(default_generator()) + "}";
}

/// A file, its tensors apart.
struct SavedFile {
  std::vector<NamedTensor> weights, optimizer;
  /// The text of `training_key`, empty without.
  std::string training;
};

/// With `training_key` the names that begin with `prefix` are the optimiser's.
SavedFile read(const std::string& path) {
  check_path("load", path);
  const TensorFile file = load_safetensors(path);
  SavedFile saved;
  for (const auto& [key, text] : file.metadata) {
    if (key == training_key) saved.training = text;
  }
  for (NamedTensor& entry : named_tensors(file)) {
    const bool of_optimizer = !saved.training.empty() && entry.name.starts_with(prefix);
    if (of_optimizer) entry.name.erase(0, prefix.size());
    (of_optimizer ? saved.optimizer : saved.weights).push_back(std::move(entry));
  }
  check_finite(escaped(path, 400), saved.weights);
  check_finite(escaped(path, 400), saved.optimizer);
  return saved;
}

/// Runs `body`; what it finds wrong is said of the file.
template <class F>
void of_file(const std::string& path, F body) {
  try {
    body();
  } catch (const FormatError& error) {
    throw FormatError(escaped(path, 400) + ": " + error.what());
  }
}

}  // namespace

void save_tensors(const std::string& path, const std::vector<NamedTensor>& tensors) {
  check_path("save_tensors", path);
  save_safetensors(path, tensor_file(tensors, {{"format", "pt"}}));
}

std::vector<NamedTensor> load_tensors(const std::string& path) {
  check_path("load_tensors", path);
  return named_tensors(load_safetensors(path));
}

void save(const std::string& path, ModuleView model) {
  check_path("save", path);
  const std::vector<NamedTensor> weights = weights_of(model);
  check_can_be_read(path, weights);
  save_safetensors(path, tensor_file(weights, {{"format", "pt"}}));
}

void save(const std::string& path, ModuleView model, const Optimizer& optimizer,
          DataPosition next) {
  check_path("save", path);
  std::vector<NamedTensor> all = weights_of(model);
  for (const NamedTensor& weight : all) {
    if (!weight.name.starts_with(prefix)) continue;
    throw Error("save: " + weight.name +
                " is a weight, but the file keeps the optimizer's state under optimizer; give that "
                "member of the model another name");
  }
  for (const NamedTensor& entry : optimizer.state()) {
    all.push_back({prefix + entry.name, entry.tensor});
  }
  check_can_be_read(path, all);
  save_safetensors(
      path, tensor_file(all, {{"format", "pt"}, {training_key, training_json(optimizer, next)}}));
}

void load(const std::string& path, ModuleRef model) {
  const SavedFile saved = read(path);
  of_file(path, [&] { load_state_dict(model, saved.weights); });
}

DataPosition load(const std::string& path, ModuleRef model, Optimizer& optimizer) {
  const SavedFile saved = read(path);
  if (saved.training.empty()) {
    throw FormatError(escaped(path, 400) +
                      ": has no state of an optimizer; save(path, model, optimizer) writes it, "
                      "load(path, model) reads the weights alone");
  }
  const Json training = Json::parse(saved.training, path, JsonFault::format);
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const double rate =
      training.required_number("learning_rate", 0, std::numeric_limits<double>::max());
  const DataPosition next{training.required_integer("epoch", 0, most),
                          training.required_integer("batch", 0, most)};
  const Generator generator = parse_generator(training.required_object("generator"));
  of_file(path, [&] {
    check_state_dict(model, saved.weights);
    optimizer.check_state(saved.optimizer);
    load_state_dict(model, saved.weights);
    optimizer.load_state(saved.optimizer);
  });
  optimizer.set_learning_rate(rate);
  default_generator() = generator;
  return next;
}

}  // namespace heed
