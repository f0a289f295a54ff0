#pragma once

#include "../../config/config.hpp"
#include "../trainer.hpp"
#include "../training_checkpoint.hpp"

/// How far a training has to go. For sources of this folder.
namespace heed {

/// The limit of `config` that is reached.
Limit limit_reached(const TrainingConfig& config, const TrainingState& state);
/// Have so many validations in a row found no better model that training stops?
bool out_of_patience(const TrainingConfig& config, const TrainingState& state);
/// Is the last step of the schedule made, if it has one?
bool schedule_ended(const TrainingConfig& config, const TrainingState& state);
/// Seconds until the first limit is reached, in epochs of so many batches; negative: unknown.
double seconds_left(const TrainingConfig& config, const TrainingState& state, int64_t batches);

}  // namespace heed
