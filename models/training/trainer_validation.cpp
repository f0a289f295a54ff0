// What a training's validations find, and the best model.
#include "../../core/error.hpp"
#include "../../core/random.hpp"
#include "trainer_loop.hpp"

namespace heed {

/// A validation that is not a regular one (at the last step) may find the best model, but leaves no
/// trace in the state: a run that is resumed with further limits is the same as one that had them
/// at once. So there are two records: the best of the regular validations, which patience and
/// plateau go by, and `best`, what the folder holds, which only a better one replaces.
void Trainer::Loop::validate(bool regular) {
  validated_step = state.step;
  const ShadowInPlace in_place(moving_average());
  Validation result;
  {
    KeepGenerator generator;
    result = task.validate();
  }
  if (regular) {
    const Validation before{.loss = state.best_loss, .score = state.best_score, .metrics = {}};
    const bool progress = state.best_step == 0 || better(result, before);
    if (progress) {
      state.best_step = state.step;
      state.best_score = result.score;
      state.best_loss = result.loss;
    }
    state.worse_validations = progress ? 0 : state.worse_validations + 1;
    if (config.schedule == ScheduleKind::plateau) {
      plateau.observe_better(progress);
      state.plateau_factor = plateau.factor();
      state.plateau_bad = plateau.state().bad;
    }
  }
  const bool best_so_far = best->beaten_by(result);
  best_so_far ? keep_best(state.step, result) : write_waiting(false);
  log_validation("valid", result, best_so_far);
  if (observer) observer->validated(state.step, result, best_so_far);
}

void Trainer::Loop::keep_best(int64_t step, const Validation& result) {
  best->keep(step, result, task.state());
  if (best->waits()) {
    warn("cannot write the best model: " + *best->waits() +
         "; training goes on, and it is written later");
  }
}

void Trainer::Loop::write_waiting(bool last) {
  best->write_waiting();
  if (!last || !best->waits()) return;
  throw IoError("cannot write the best model, of step " + std::to_string(best->step()) + ": " +
                *best->waits() + "; checkpoints/ holds the last one");
}

void Trainer::Loop::log_validation(const char* event, const Validation& result, bool best_so_far) {
  log->line(event).add("step", state.step).add("epoch", state.epoch).add("loss", result.loss);
  for (const auto& [name, value] : result.metrics) log->add(name, value);
  warn(log->add("best", int64_t{best_so_far}).write());
}

/// Measures the mean of the last checkpoints' weights, and writes it into the folder if it is
/// better than the best model. The weights are left as they were.
void Trainer::Loop::validate_average() {
  std::vector<int64_t> steps;
  for (const int64_t step : checkpoint_steps(options.folder)) {
    if (step == state.step || step % config.validate_every == 0) steps.push_back(step);
  }
  const auto wanted = static_cast<std::size_t>(config.average);
  if (steps.size() > wanted) steps.erase(steps.begin(), steps.end() - config.average);
  if (steps.size() < 2) return note("there are not two checkpoints to average");
  std::vector<NamedTensor> own;
  for (const NamedTensor& entry : task.state()) own.push_back({entry.name, entry.tensor.clone()});
  try {
    task.load_state(average_checkpoints(options.folder, steps, largest_file()));
  } catch (const Error& error) {  // the run itself is saved
    return warn(std::string("cannot average: ") + error.what());
  }
  const Validation result = task.validate();
  const bool best_so_far = best->beaten_by(result);
  if (best_so_far) keep_best(state.step, result);
  task.load_state(own);
  log_validation("average", result, best_so_far);
  // What does not beat the best model and is not beaten by it may be that model, kept before.
  const bool worse = !best_so_far && better(best->validation(), result);
  note("the mean of the last " + std::to_string(steps.size()) + " checkpoints is " +
       (best_so_far ? "better than the best of them: it is the model now"
        : worse     ? "no better"
                    : "as good as the model"));
}

}  // namespace heed
