#pragma once

#include <string>
#include <vector>

#include "../../../core/error.hpp"
#include "../../../core/named_tensor.hpp"
#include "../training_checkpoint.hpp"

/// What a checkpoint must be for a run to go on from it. For sources of this folder.
namespace heed {

/// The most bytes that a checkpoint's file of this model can have: the weights twice (a file may be
/// in float64), or three numbers to each, and names.
int64_t largest_checkpoint_file(const std::vector<NamedTensor>& model);

/// The same names with numbers of their own.
std::vector<NamedTensor> copied(const std::vector<NamedTensor>& named);

/// `ConfigError` that lists what differs in the fingerprints of the run in `folder`, `there`, and
/// of this one.
void check_fingerprint(const std::string& folder, const TrainingState& there,
                       const TrainingState& here);

/// What is thrown where the run in `folder` has a model with other weights.
ConfigError other_model(const std::string& folder, const std::string& differences);

/// `FormatError` unless the next batch of `state` is one of the `batches` of its epoch.
void check_next_batch(const TrainingState& state, int64_t batches);

}  // namespace heed
