#include "validations.hpp"

#include "../../../core/error.hpp"
#include "../../../layers/module.hpp"
#include "../../config/training_recipe.hpp"
#include "resuming.hpp"

namespace heed {

namespace {

Validation best_regular(const TrainingState& state) {
  return {.loss = state.best_loss, .score = state.best_score, .metrics = {}};
}

/// Takes a regular validation into the state: the best so far, patience, the schedule `plateau`.
void record(TrainingState& state, const Validation& result, ScheduleKind schedule) {
  const bool progress =
      is_measured(result) && (state.best_step == 0 || better(result, best_regular(state)));
  if (progress) {
    state.best_step = state.step;
    state.best_score = result.score;
    state.best_loss = result.loss;
  }
  state.worse_validations = progress ? 0 : state.worse_validations + 1;
  if (schedule != ScheduleKind::plateau) return;
  Plateau plateau = make_plateau();
  plateau.load_state({.factor = state.plateau_factor, .bad = state.plateau_bad});
  state.plateau_factor = plateau.observe_better(progress);
  state.plateau_bad = plateau.state().bad;
}

}  // namespace

Validations::Validations(TrainingTask& task, const TrainingConfig& config,
                         ExponentialMovingAverage* average, Journal& journal,
                         const std::string& folder, std::string data)
    : task_(task),
      config_(config),
      average_(average),
      journal_(journal),
      folder_(folder),
      best_(folder, std::move(data)) {}

void Validations::resume(const TrainingState& state) {
  if (state.validated) last_step_ = state.step;
  const Validation found = best_regular(state);
  best_.take_over(state.best_step, found);
  if (state.best_step != state.step || !best_.beaten_by(found)) return;
  const ShadowInPlace in_place(average_);  // it was not written any more
  keep(state.step, found);
}

Validation Validations::measure(int64_t step) {
  const KeepGenerator generator;
  Validation result = task_.validate();
  if (!is_measured(result) && !warned_) {
    warned_ = true;
    journal_.warn("step " + std::to_string(step) +
                  ": the validation's loss is not a number (NaN); such a model is never the best");
  }
  return result;
}

void Validations::validate(TrainingState& state) {
  const ShadowInPlace in_place(average_);
  const Validation result = measure(state.step);
  const bool best = judge(state.step, result);
  record(state, result, config_.schedule);
  tell(state, result, best);
}

void Validations::validate_last(const TrainingState& state) {
  const ShadowInPlace in_place(average_);
  const Validation result = measure(state.step);
  tell(state, result, judge(state.step, result));
}

/// Keeps the model that was measured if it is the best so far, and says whether it is. Then the
/// validation is done, whatever an observer that is told of it throws.
bool Validations::judge(int64_t step, const Validation& result) {
  const bool best_so_far = best_.beaten_by(result);
  best_so_far ? best_.keep(step, result, task_.state()) : best_.write_waiting();
  last_step_ = step;
  return best_so_far;
}

void Validations::tell(const TrainingState& state, const Validation& result, bool best) {
  if (best) warn_of_waiting();
  journal_.validated(state, result, best);
}

void Validations::keep(int64_t step, const Validation& result) {
  best_.keep(step, result, task_.state());
  warn_of_waiting();
}

void Validations::warn_of_waiting() const {
  if (!best_.waits()) return;
  journal_.warn("cannot write the best model: " + *best_.waits() +
                "; training goes on, and it is written later");
}

void Validations::keep_any() {
  if (best_.step() != 0) return;
  const ShadowInPlace in_place(average_);
  keep(0, {});
}

void Validations::write_waiting() {
  best_.write_waiting();
  if (!best_.waits()) return;
  throw IoError("cannot write the best model, of step " + std::to_string(best_.step()) + ": " +
                *best_.waits() + "; checkpoints/ holds the last one");
}

/// The last `config.average` of the regular checkpoints and the one of step `last`.
std::vector<int64_t> Validations::steps_to_average(int64_t last) const {
  std::vector<int64_t> steps;
  for (const int64_t step : checkpoint_steps(folder_)) {
    if (step == last || step % config_.validate_every == 0) steps.push_back(step);
  }
  const auto wanted = static_cast<std::size_t>(config_.average);
  if (steps.size() > wanted) steps.erase(steps.begin(), steps.end() - config_.average);
  return steps;
}

void Validations::validate_average(const TrainingState& state) {
  const std::vector<int64_t> steps = steps_to_average(state.step);
  if (steps.size() < 2) return journal_.note("there are not two checkpoints to average");
  const std::vector<NamedTensor> own = copied(task_.state());
  try {
    task_.load_state(average_checkpoints(folder_, steps, largest_checkpoint_file(own)));
  } catch (const Error& error) {  // the run itself is saved
    task_.load_state(own);
    return journal_.warn(std::string("cannot average: ") + error.what());
  } catch (...) {
    task_.load_state(own);
    throw;
  }
  Validation result;
  bool best_so_far = false;
  try {
    result = task_.validate();
    best_so_far = best_.beaten_by(result);
    if (best_so_far) keep(state.step, result);
  } catch (...) {
    task_.load_state(own);
    throw;
  }
  task_.load_state(own);
  journal_.validated_average(state, result, best_so_far);
  // What does not beat the best model and is not beaten by it may be that model, kept before.
  const bool worse = !best_so_far && better(best_.validation(), result);
  journal_.note("the mean of the last " + std::to_string(steps.size()) + " checkpoints is " +
                (best_so_far ? "better than the best of them: it is the model now"
                 : worse     ? "no better"
                             : "as good as the model"));
}

}  // namespace heed
