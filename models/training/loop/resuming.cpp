#include "resuming.hpp"

namespace heed {

int64_t largest_checkpoint_file(const std::vector<NamedTensor>& model) {
  int64_t bytes = int64_t{16} << 20;
  for (const NamedTensor& entry : model) {
    bytes += 4 * entry.tensor.numel() * static_cast<int64_t>(item_size(entry.tensor.dtype()));
  }
  return bytes;
}

std::vector<NamedTensor> copied(const std::vector<NamedTensor>& named) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& entry : named) copies.push_back({entry.name, entry.tensor.clone()});
  return copies;
}

void check_fingerprint(const std::string& folder, const TrainingState& there,
                       const TrainingState& here) {
  std::string differences;
  for (const auto& [name, value] : here.fingerprint) {
    for (const auto& [old_name, old_value] : there.fingerprint) {
      if (old_name != name || old_value == value) continue;
      differences += (differences.empty() ? "" : "; ") + name + ": " + escaped(old_value) +
                     " there, " + escaped(value) + " here";
    }
  }
  if (differences.empty()) return;
  throw ConfigError(escaped(folder) + ": cannot be resumed, the run differs: " + differences +
                    "; give what it was started with (steps, epochs and minutes may differ), or "
                    "start anew");
}

ConfigError other_model(const std::string& folder, const std::string& differences) {
  return ConfigError(escaped(folder) + ": cannot be resumed, the model differs: " + differences +
                     "; make the model of the run, or start anew");
}

void check_next_batch(const TrainingState& state, int64_t batches) {
  if (state.batch < batches) return;
  throw FormatError("state.json: the next batch is " + std::to_string(state.batch) +
                    ", but epoch " + std::to_string(state.epoch) + " has " +
                    std::to_string(batches) + " (from 0)");
}

}  // namespace heed
