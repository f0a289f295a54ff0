#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/named_tensor.hpp"
#include "../../core/random.hpp"

namespace heed {

class Json;

/// A generator as `{"seed": 1, "stream": 0, "position": 9}`, and taking it back.
std::string generator_json(const Generator& generator);
Generator parse_generator(const Json& json);

/// Where a training stands, beside its weights and moments: with these a resumed run goes on to the
/// same bits as one that never stopped. The `state.json` of a checkpoint.
struct TrainingState {
  /// Updates made; the epoch, from 0, and its next batch.
  int64_t step = 0, epoch = 0, batch = 0;
  /// What the next step draws from, dropout for example.
  Generator generator;
  /// The last step of a schedule that has one, 0 otherwise.
  int64_t schedule_steps = 0;
  /// Updates left out because the loss or a gradient was not finite; how many of them one after the
  /// other.
  int64_t skipped = 0, skipped_in_a_row = 0;
  /// Was the model of this step validated?
  bool validated = true;
  /// The best regular validation so far (step 0: none yet), and how many were not better since.
  int64_t best_step = 0, worse_validations = 0;
  double best_score = 0, best_loss = 0;
  /// The schedule `plateau`: its factor, and the validations without a better one since it fell.
  double plateau_factor = 1;
  int64_t plateau_bad = 0;
  /// Time spent in training steps, and in getting ready the epochs that they reach.
  double seconds = 0;
  /// What must be the same when the run is resumed: checksums of the data, for example.
  std::vector<std::pair<std::string, std::string>> fingerprint;
};

/// A resumable state of a training.
struct TrainingCheckpoint {
  TrainingState state;
  std::vector<NamedTensor> model, optimizer;
};

/// `FOLDER/checkpoints`, to write in. `IoError` if it is a link, which could lead anywhere.
std::string own_checkpoints_folder(const std::string& folder);

/// Writes `FOLDER/checkpoints/NNNNNN` (the step): model.safetensors, optimizer.safetensors,
/// state.json, and MANIFEST.json with their sizes and checksums. They are written under a temporary
/// name, flushed, read back and renamed, so that the name never stands for half a checkpoint.
/// `IoError` if there is no room, or if the name is taken by a folder that is no checkpoint.
void save_training_checkpoint(const std::string& folder, const TrainingCheckpoint& checkpoint);

/// Reads one checkpoint's folder. `FormatError` (or `IoError`) names the file that is missing, a
/// link, larger than `limit` bytes, of another size or checksum than the manifest says, or not of
/// its format. Sizes are compared before anything is read.
TrainingCheckpoint load_training_checkpoint(const std::string& path, int64_t limit = INT64_MAX);

/// The newest valid checkpoint of a run's folder, none if it has no checkpoints: the newest that
/// `load_training_checkpoint` reads and that `accept` takes; an `Error` of its own but a
/// `ConfigError`, which goes on to the caller, says that it does not. What is wrong with newer ones
/// is appended to `warnings`; `FormatError` lists the reasons if none is valid.
std::optional<TrainingCheckpoint> newest_training_checkpoint(
    const std::string& folder, std::vector<std::string>& warnings, int64_t limit = INT64_MAX,
    const std::function<void(const TrainingCheckpoint&)>& accept = {});

/// The steps of all checkpoints of a run's folder, in increasing order. A folder with a manifest
/// and no other files than a checkpoint's is one; whatever else lies there is left alone.
std::vector<int64_t> checkpoint_steps(const std::string& folder);

/// The mean of the weights of a run's checkpoints of these steps, at least one; see `StateAverage`.
/// `FormatError` for one that is not valid or has other weights than the first.
std::vector<NamedTensor> average_checkpoints(const std::string& folder,
                                             const std::vector<int64_t>& steps,
                                             int64_t limit = INT64_MAX);

/// Removes old checkpoints after the one of step `newest` was written. Kept are that one and the
/// `keep` (at least 2) newest of the regular ones, whose step is a multiple of `every`; others
/// (from an interrupted run) only where fewer than 2 remained. Later ones were invalid and go.
void prune_checkpoints(const std::string& folder, int64_t newest, int64_t every, int64_t keep);
/// Removes all checkpoints of a run's folder.
void clear_checkpoints(const std::string& folder);

}  // namespace heed
