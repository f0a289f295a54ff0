#include "limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../config/training_recipe.hpp"

namespace heed {

Limit limit_reached(const TrainingConfig& config, const TrainingState& state) {
  if (config.steps > 0 && state.step >= config.steps) return Limit::steps;
  if (config.epochs > 0 && state.epoch >= config.epochs) return Limit::epochs;
  if (config.minutes > 0 && state.seconds >= 60 * config.minutes) return Limit::minutes;
  return Limit::none;
}

bool out_of_patience(const TrainingConfig& config, const TrainingState& state) {
  return config.patience > 0 && state.worse_validations >= config.patience;
}

bool schedule_ended(const TrainingConfig& config, const TrainingState& state) {
  return has_end(config.schedule) && state.step >= state.schedule_steps;
}

double seconds_left(const TrainingConfig& config, const TrainingState& state, int64_t batches) {
  const auto steps = static_cast<double>(state.step);
  const double each = state.seconds / steps;
  double left = std::numeric_limits<double>::infinity();
  if (config.minutes > 0) left = 60 * config.minutes - state.seconds;
  if (config.steps > 0) left = std::min(left, each * (static_cast<double>(config.steps) - steps));
  if (config.epochs > 0) {
    const double done = static_cast<double>(state.epoch) +
                        static_cast<double>(state.batch) / static_cast<double>(batches);
    left = std::min(left, state.seconds / done * (static_cast<double>(config.epochs) - done));
  }
  return std::isfinite(left) ? std::max(left, 0.0) : -1;
}

}  // namespace heed
