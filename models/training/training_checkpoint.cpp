#include "training_checkpoint.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/files/safetensors.hpp"
#include "../../core/suggest.hpp"
#include "../../optim/averaging.hpp"

namespace heed {

namespace {

constexpr int64_t version = 1;
constexpr int64_t largest = std::numeric_limits<int64_t>::max();
constexpr int64_t json_limit = 1 << 20;
constexpr const char* manifest_name = "MANIFEST.json";
constexpr const char* file_names[] = {"model.safetensors", "optimizer.safetensors", "state.json"};

std::string checkpoints_folder(const std::string& folder) {
  return join_path(folder, "checkpoints");
}

std::string checkpoint_path(const std::string& folder, int64_t step) {
  std::string name = std::to_string(step);
  name.insert(0, name.size() < 6 ? 6 - name.size() : 0, '0');
  return join_path(checkpoints_folder(folder), name);
}

/// The step that a folder's name says, -1 if it isn't a checkpoint's name.
int64_t step_of(const std::string& name) {
  int64_t step = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && name.size() >= 6 && step >= 0 ? step : -1;
}

/// The steps in the names of all folders, and other things, among the checkpoints.
std::vector<int64_t> named_steps(const std::string& folder) {
  std::vector<int64_t> steps;
  if (!is_folder(checkpoints_folder(folder))) return steps;
  for (const std::string& name : folder_entries(checkpoints_folder(folder))) {
    if (const int64_t step = step_of(name); step >= 0) steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

/// Whether heed made this folder, so that it may remove it: there are no files but a checkpoint's,
/// the manifest among them. An empty one is what an interrupted removal left.
bool is_own_checkpoint(const std::string& path) {
  if (is_link(path) || !is_folder(path)) return false;
  std::vector<std::string> names = folder_entries(path);
  const auto known = [](const std::string& name) {
    return name == manifest_name ||
           std::find(std::begin(file_names), std::end(file_names), name) != std::end(file_names);
  };
  return std::all_of(names.begin(), names.end(), known) &&
         (names.empty() || path_exists(join_path(path, manifest_name)));
}

/// Removes a checkpoint; the manifest goes last, as long as it is there the folder is known.
void remove_checkpoint(const std::string& path) {
  if (!is_own_checkpoint(path)) return;
  for (const char* name : file_names) remove_file(join_path(path, name));
  remove_file(join_path(path, manifest_name));
  remove_path(path);
}

/// Makes room for a checkpoint: what has its name and was not resumed from is invalid.
void remove_invalid(const std::string& path) {
  if (is_link(path)) return remove_file(path);
  remove_checkpoint(path);
  if (!path_exists(path)) return;
  throw IoError(
      escaped(path, 400) +
      ": has the name of a checkpoint but is none (it has no MANIFEST.json or other files "
      "too); move it away");
}

// --- Writing ---

std::string tensor_bytes(const std::vector<NamedTensor>& named) {
  return safetensors_bytes(tensor_file(named, {{"format", "pt"}}));
}

/// Generators use all 64 bits; JSON's numbers here are signed.
std::string signed_text(uint64_t bits) { return std::to_string(static_cast<int64_t>(bits)); }

std::string state_json(const TrainingState& state) {
  std::string out = "{\n  \"version\": " + std::to_string(version);
  const auto add = [&](const char* name, const std::string& value) {
    out += std::string(",\n  \"") + name + "\": " + value;
  };
  add("step", std::to_string(state.step));
  add("epoch", std::to_string(state.epoch));
  add("batch", std::to_string(state.batch));
  add("generator", generator_json(state.generator));
  add("schedule_steps", std::to_string(state.schedule_steps));
  add("skipped", std::to_string(state.skipped));
  add("skipped_in_a_row", std::to_string(state.skipped_in_a_row));
  add("validated", state.validated ? "true" : "false");
  add("best_step", std::to_string(state.best_step));
  add("worse_validations", std::to_string(state.worse_validations));
  if (std::isfinite(state.best_score)) add("best_score", json_number(state.best_score));
  if (std::isfinite(state.best_loss)) add("best_loss", json_number(state.best_loss));
  add("plateau_factor", json_number(state.plateau_factor));
  add("plateau_bad", std::to_string(state.plateau_bad));
  add("seconds", json_number(state.seconds));
  std::string fingerprint;
  for (const auto& [name, value] : state.fingerprint) {
    fingerprint +=
        (fingerprint.empty() ? "" : ", ") + json_string(name) + ": " + json_string(value);
  }
  add("fingerprint", '{' + fingerprint + '}');
  return out + "\n}\n";
}

std::string manifest_json(const std::vector<PendingFolder::Entry>& entries) {
  std::string out = "{\n  \"version\": " + std::to_string(version) + ",\n  \"files\": {";
  for (const PendingFolder::Entry& entry : entries) {
    out += (&entry == entries.data() ? "\n" : ",\n");
    out += "    \"" + entry.name + "\": {\"size\": " + std::to_string(entry.size) +
           ", \"sha256\": \"" + entry.sha256 + "\"}";
  }
  return out + "\n  }\n}\n";
}

// --- Reading ---

void check_version(const Json& json) {
  if (json.required_integer("version", 1, largest) > version) {
    json.fail("written by a newer heed; this one reads version " + std::to_string(version));
  }
}

/// The bytes of a file of the checkpoint, if they are those that the manifest promises. The sizes
/// come first: nothing of a file that claims too much is read.
std::string checked_bytes(const std::string& path, const Json& files, const std::string& name,
                          int64_t limit) {
  if (!files.has(name)) files.fail("the manifest lacks " + name);
  const Json& entry = files.object(name);
  const InputFile file(join_path(path, name), Links::refuse);
  const auto refuse = [&](const std::string& what) {
    throw FormatError(escaped(join_path(path, name), 400) + ": " + what);
  };
  const int64_t size = entry.required_integer("size", 0, largest);
  if (file.size() != size) {
    refuse("has " + std::to_string(file.size()) + " bytes, the manifest says " +
           std::to_string(size));
  }
  if (size > limit) {
    refuse("has " + readable_size(size) + ", more than such a file can have here (" +
           readable_size(limit) + ")");
  }
  std::string bytes(static_cast<std::size_t>(size), '\0');
  bytes.resize(static_cast<std::size_t>(file.read(0, bytes.data(), size)));
  if (sha256(bytes) != entry.required_text("sha256")) {
    refuse("its checksum is not the one in the manifest");
  }
  return bytes;
}

uint64_t bits_of(const Json& json, const std::string& key) {
  return static_cast<uint64_t>(
      json.required_integer(key, std::numeric_limits<int64_t>::min(), largest));
}

TrainingState parse_state(const Json& json) {
  check_version(json);
  const auto count = [&](const char* name) { return json.required_integer(name, 0, largest); };
  TrainingState state;
  state.step = count("step");
  state.epoch = count("epoch");
  state.batch = count("batch");
  state.generator = parse_generator(json.required_object("generator"));
  state.schedule_steps = count("schedule_steps");
  state.skipped = count("skipped");
  state.skipped_in_a_row = count("skipped_in_a_row");
  state.validated = json.flag("validated", true);
  state.best_step = count("best_step");
  state.worse_validations = count("worse_validations");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  state.best_score = json.number("best_score", -infinity, -infinity, infinity);
  state.best_loss = json.number("best_loss", infinity, -infinity, infinity);
  // Absent in checkpoints of before there was that schedule.
  state.plateau_factor = json.number("plateau_factor", 1, 0, 1);
  state.plateau_bad = json.integer("plateau_bad", 0, 0, largest);
  state.seconds = json.number("seconds", 0, 0, infinity);
  const Json& fingerprint = json.object("fingerprint");
  for (const std::string& name : fingerprint.keys()) {
    state.fingerprint.emplace_back(name, fingerprint.required_text(name));
  }
  return state;
}

std::vector<NamedTensor> parse_tensors(const std::string& bytes, const std::string& path) {
  return named_tensors(parse_safetensors(bytes, path));
}

}  // namespace

std::string generator_json(const Generator& generator) {
  return "{\"seed\": " + signed_text(generator.seed()) +
         ", \"stream\": " + signed_text(generator.stream()) +
         ", \"position\": " + signed_text(generator.position()) + "}";
}

Generator parse_generator(const Json& json) {
  Generator generator(bits_of(json, "seed"), bits_of(json, "stream"));
  generator.set_position(bits_of(json, "position"));
  return generator;
}

std::string own_checkpoints_folder(const std::string& folder) {
  const std::string path = checkpoints_folder(folder);
  if (!is_link(path)) return path;
  throw IoError(escaped(path, 400) +
                ": is a link; a run keeps its checkpoints in its own folder: move them there, or "
                "remove the link");
}

void save_training_checkpoint(const std::string& folder, const TrainingCheckpoint& checkpoint) {
  const std::string path = checkpoint_path(folder, checkpoint.state.step);
  const std::string contents[] = {tensor_bytes(checkpoint.model),
                                  tensor_bytes(checkpoint.optimizer), state_json(checkpoint.state)};
  int64_t bytes = 0;
  for (const std::string& content : contents) bytes += static_cast<int64_t>(content.size());
  make_folder(own_checkpoints_folder(folder));
  require_free_space(folder, 2 * bytes);
  remove_invalid(path);
  PendingFolder pending(path);
  for (int i = 0; i < 3; ++i) pending.write(file_names[i], contents[i]);
  pending.write(manifest_name, manifest_json(pending.entries()));
  pending.commit();
}

TrainingCheckpoint load_training_checkpoint(const std::string& path, int64_t limit) {
  const std::string manifest_path = join_path(path, manifest_name);
  const Json manifest = Json::parse(read_file(manifest_path, json_limit, Links::refuse),
                                    manifest_path, JsonFault::format);
  check_version(manifest);
  const Json& files = manifest.required_object("files");
  files.allow_only({file_names[0], file_names[1], file_names[2]});
  const auto bytes = [&](int i) {
    return checked_bytes(path, files, file_names[i], i == 2 ? json_limit : limit);
  };
  const auto name = [&](int i) { return join_path(path, file_names[i]); };
  return {parse_state(Json::parse(bytes(2), name(2), JsonFault::format)),
          parse_tensors(bytes(0), name(0)), parse_tensors(bytes(1), name(1))};
}

std::vector<int64_t> checkpoint_steps(const std::string& folder) {
  std::vector<int64_t> steps = named_steps(folder);
  std::erase_if(steps,
                [&](int64_t step) { return !is_own_checkpoint(checkpoint_path(folder, step)); });
  return steps;
}

std::optional<TrainingCheckpoint> newest_training_checkpoint(
    const std::string& folder, std::vector<std::string>& warnings, int64_t limit,
    const std::function<void(const TrainingCheckpoint&)>& accept) {
  const std::vector<int64_t> steps = named_steps(folder);
  std::vector<std::string> reasons;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    try {
      const std::string path = checkpoint_path(folder, *step);
      if (is_link(path)) throw FormatError(escaped(path, 400) + ": is a link");
      TrainingCheckpoint checkpoint = load_training_checkpoint(path, limit);
      if (checkpoint.state.step != *step) throw FormatError("state.json is of another step");
      if (accept) accept(checkpoint);
      return checkpoint;
    } catch (const ConfigError&) {
      throw;
    } catch (const Error& error) {
      warnings.push_back("checkpoint " + std::to_string(*step) + " is not valid: " + error.what());
      reasons.emplace_back(error.what());
    }
  }
  if (steps.empty()) return std::nullopt;
  throw FormatError(escaped(folder, 400) + ": no checkpoint is valid: " + listed(reasons, "; "));
}

std::vector<NamedTensor> average_checkpoints(const std::string& folder,
                                             const std::vector<int64_t>& steps, int64_t limit) {
  StateAverage average;
  for (const int64_t step : steps) {
    const std::string path = checkpoint_path(folder, step);
    try {
      average.add(load_training_checkpoint(path, limit).model);
    } catch (const FormatError& error) {
      throw FormatError(escaped(path, 400) + ": " + error.what());
    }
  }
  return average.mean();
}

void prune_checkpoints(const std::string& folder, int64_t newest, int64_t every, int64_t keep) {
  own_checkpoints_folder(folder);
  std::vector<int64_t> steps = checkpoint_steps(folder), others;
  std::reverse(steps.begin(), steps.end());
  int64_t kept = 0, regular = 0;
  for (const int64_t step : steps) {
    const bool wanted = step % every == 0 && regular < keep;
    if (step > newest) {
      remove_checkpoint(checkpoint_path(folder, step));
    } else if (step == newest || wanted) {
      ++kept;
      regular += wanted;
    } else {
      others.push_back(step);
    }
  }
  for (const int64_t step : others) {
    if (++kept > 2) remove_checkpoint(checkpoint_path(folder, step));
  }
}

void clear_checkpoints(const std::string& folder) {
  const std::string path = own_checkpoints_folder(folder);
  if (!is_folder(path)) return;
  remove_temporaries(path);
  for (const int64_t step : checkpoint_steps(folder)) {
    remove_checkpoint(checkpoint_path(folder, step));
  }
  if (folder_entries(path).empty()) remove_path(path);
}

}  // namespace heed
