#pragma once

#include <memory>
#include <vector>

#include "../../optim/optimizer.hpp"
#include "../../optim/schedules.hpp"
#include "config.hpp"

namespace heed {

/// The optimiser that `config` names, over these weights.
std::unique_ptr<Optimizer> make_optimizer(const TrainingConfig& config,
                                          const std::vector<NamedTensor>& parameters);

/// The schedule that `config` names; `total` is its last step, if it has one. That of `plateau` is
/// the warm-up alone.
Schedule make_schedule(const TrainingConfig& config, int64_t total);
/// Does the schedule end at a step that must be known?
bool has_end(ScheduleKind schedule);

/// What `exponential` has fallen to at its last step.
inline constexpr double exponential_end = 0.01;
/// `plateau` halves the learning rate after so many validations in a row without a better one.
inline constexpr int64_t plateau_validations = 3;
Plateau make_plateau();

}  // namespace heed
