// How a training's run starts, ends and is saved.
#include "trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/kernels/reductions.hpp"
#include "../config/model_folder.hpp"
#include "signals.hpp"
#include "trainer_loop.hpp"

namespace heed {

namespace {

/// Before the names of the moving average in a checkpoint's optimizer.safetensors, whose other
/// names begin with a number.
const std::string shadow_prefix = "ema.";

/// One word for what must be the same for two validations to be compared.
std::string digest(const std::vector<std::pair<std::string, std::string>>& fingerprint) {
  std::string all;
  for (const auto& [name, value] : fingerprint) all += name + '\0' + value + '\n';
  return sha256(all).substr(0, 16);
}

}  // namespace

void TrainingTask::begin(const std::string&) {}
std::vector<std::pair<std::string, std::string>> TrainingTask::fingerprint() { return {}; }

Trainer::Loop::Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer_)
    : task(task_),
      options(std::move(options_)),
      config(options.training),
      observer(observer_),
      parameters(task.parameters()) {
  check_options();
  options.keep = std::max(options.keep, config.average);
  for (const NamedTensor& parameter : parameters) tensors.push_back(parameter.tensor);
  optimizer = make_optimizer(config, parameters);
  if (config.ema > 0) shadow.emplace(parameters, config.ema);
  if (has_end(config.schedule)) {
    state.schedule_steps = options.schedule_steps > 0 ? options.schedule_steps : config.steps;
  }
  // What it refuses is said before anything is written.
  if (options.use != FolderUse::resume) make_schedule(config, state.schedule_steps);
  start();
}

void Trainer::Loop::check_options() const {
  if (config.validate_every < 1 || config.accumulate < 1 || options.keep < 2) {
    throw ConfigError("trainer: validate_every and accumulate must be at least 1, keep at least 2");
  }
  if (config.epochs <= 0 && config.steps <= 0 && !(config.minutes > 0)) {
    throw ConfigError("trainer: no limit: give epochs, steps or minutes");
  }
  if (config.average > 0 && options.folder.empty()) {
    throw ConfigError("trainer: average needs a folder, where checkpoints are");
  }
}

// --- Starting, also in the middle ---

void Trainer::Loop::open_folder() {
  check_run_folder(options.folder, options.use);
  make_folder(options.folder);
  lock.emplace(options.folder);
  check_run_folder(options.folder, options.use);
  remove_temporaries(options.folder);
  if (options.use == FolderUse::overwrite) clear_run_folder(options.folder);
  const std::string checkpoints = own_checkpoints_folder(options.folder);
  if (is_folder(checkpoints)) remove_temporaries(checkpoints);
}

void Trainer::Loop::start() {
  state.fingerprint = task.fingerprint();
  state.generator = default_generator();
  best.emplace(options.folder, digest(state.fingerprint));
  if (!options.folder.empty()) {
    open_folder();
    if (options.use == FolderUse::resume) {
      std::vector<std::string> warnings;
      const bool found = newest_training_checkpoint(
                             options.folder, warnings, largest_file(),
                             [&](const TrainingCheckpoint& checkpoint) { resume(checkpoint); })
                             .has_value();
      for (const std::string& warning : warnings) warn(warning);
      if (found) {
        note("going on from step " + std::to_string(state.step));
        warn_of_ended_schedule();
      } else {
        best->take_over(0, {});
        note(escaped(options.folder) +
             ": has no checkpoint yet; the run starts from its beginning");
      }
    }
    task.begin(options.folder);
    log.emplace(join_path(options.folder, "log.jsonl"));
  } else {
    log.emplace("");
  }
  enter_epoch();
}

bool Trainer::Loop::schedule_ended() const {
  return has_end(config.schedule) && state.step >= state.schedule_steps;
}

void Trainer::Loop::warn_of_ended_schedule() const {
  if (!schedule_ended() || limit_reached() != Limit::none) return;
  warn("the schedule of the learning rate ended at step " + std::to_string(state.schedule_steps) +
       ", what follows learns little; for a longer run start anew with more steps");
}

/// The most that a checkpoint's file of this run can have: the weights twice (a file may be in
/// float64), or three numbers to each, and names.
int64_t Trainer::Loop::largest_file() const {
  int64_t bytes = int64_t{16} << 20;
  for (const NamedTensor& entry : task.state()) {
    bytes += 4 * entry.tensor.numel() * static_cast<int64_t>(item_size(entry.tensor.dtype()));
  }
  return bytes;
}

/// Goes on from a checkpoint. A `FormatError` says that the run can't: then an older one is tried,
/// which changes all that this one did.
void Trainer::Loop::resume(const TrainingCheckpoint& checkpoint) {
  check_fingerprint(checkpoint.state);
  task.load_state(checkpoint.model);
  check_weights();
  load_optimizer(checkpoint);
  batches = task.start_epoch(checkpoint.state.epoch);
  if (checkpoint.state.batch >= batches) {
    throw FormatError("state.json: the next batch is " + std::to_string(checkpoint.state.batch) +
                      ", but epoch " + std::to_string(checkpoint.state.epoch) + " has " +
                      std::to_string(batches) + " (from 0)");
  }
  state = checkpoint.state;
  plateau.load_state({.factor = state.plateau_factor, .bad = state.plateau_bad});
  default_generator() = state.generator;
  saved_step = first_step = state.step;
  if (state.validated) validated_step = state.step;
  const Validation found{.loss = state.best_loss, .score = state.best_score, .metrics = {}};
  best->take_over(state.best_step, found);
  if (state.best_step == state.step && best->beaten_by(found)) {  // it was not written any more
    const ShadowInPlace in_place(moving_average());
    keep_best(state.step, found);
  }
}

void Trainer::Loop::check_weights() const {
  for (const NamedTensor& parameter : parameters) {
    if (kernels::all_finite(parameter.tensor.array())) continue;
    throw FormatError("model.safetensors: " + parameter.name +
                      " holds values that are not finite (NaN or infinity)");
  }
}

void Trainer::Loop::load_optimizer(const TrainingCheckpoint& checkpoint) {
  std::vector<NamedTensor> moments, averages;
  for (NamedTensor entry : checkpoint.optimizer) {
    const bool average = shadow && entry.name.starts_with(shadow_prefix);
    if (average) entry.name.erase(0, shadow_prefix.size());
    (average ? averages : moments).push_back(std::move(entry));
  }
  // An optimiser that has made no step yet stores nothing, so that nothing is missing to it.
  if (moments.empty() && checkpoint.state.step > checkpoint.state.skipped) {
    throw FormatError("optimizer.safetensors: has no state of the optimizer, after " +
                      std::to_string(checkpoint.state.step) + " steps");
  }
  optimizer->load_state(moments);
  if (shadow) shadow->load_state(averages);
}

void Trainer::Loop::check_fingerprint(const TrainingState& before) const {
  std::string differences;
  for (const auto& [name, value] : state.fingerprint) {
    for (const auto& [old_name, old_value] : before.fingerprint) {
      if (old_name != name || old_value == value) continue;
      differences += (differences.empty() ? "" : "; ") + name + ": " + escaped(old_value) +
                     " there, " + escaped(value) + " here";
    }
  }
  if (differences.empty()) return;
  throw ConfigError(escaped(options.folder) +
                    ": cannot be resumed, the run differs: " + differences);
}

void Trainer::Loop::enter_epoch() {
  batches = task.start_epoch(state.epoch);
  if (batches < 1) throw DataError("trainer: an epoch without batches");
}

// --- Limits, checkpoints, the end ---

Limit Trainer::Loop::limit_reached() const {
  if (config.steps > 0 && state.step >= config.steps) return Limit::steps;
  if (config.epochs > 0 && state.epoch >= config.epochs) return Limit::epochs;
  if (config.minutes > 0 && state.seconds >= 60 * config.minutes) return Limit::minutes;
  return Limit::none;
}

bool Trainer::Loop::out_of_patience() const {
  return config.patience > 0 && state.worse_validations >= config.patience;
}

double Trainer::Loop::seconds_left() const {
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

std::vector<NamedTensor> Trainer::Loop::optimizer_state() const {
  std::vector<NamedTensor> all = optimizer->state();
  if (!shadow) return all;
  for (const NamedTensor& entry : shadow->state()) {
    all.push_back({shadow_prefix + entry.name, entry.tensor});
  }
  return all;
}

/// Writes a checkpoint. Training goes on without one that can't be written, unless it is the last.
bool Trainer::Loop::save(bool last) {
  if (options.folder.empty() || saved_step == state.step) return true;
  state.generator = default_generator();
  state.validated = validated_step == state.step;
  try {
    save_training_checkpoint(options.folder, {state, task.state(), optimizer_state()});
    saved_step = state.step;
    prune_checkpoints(options.folder, state.step, config.validate_every, options.keep);
  } catch (const IoError& error) {
    if (last) throw;
    warn(std::string("cannot write a checkpoint: ") + error.what() + "; training goes on");
    return false;
  }
  return true;
}

TrainingResult Trainer::Loop::finish(StopReason reason, int signal) {
  if (reason == StopReason::signal) {
    const ShadowInPlace in_place(moving_average());
    if (best->step() == 0) keep_best(0, {});  // better one that nobody has measured than none
  } else if (validated_step != state.step || best->step() == 0) {
    validate(false);
  }
  save(true);
  // Also where nothing was left to train: the run may have ended before its mean was measured.
  if (config.average > 0 && reason != StopReason::signal) validate_average();
  write_waiting(true);
  const char* words[] = {"limit", "patience", "signal"};
  warn(log->line("stop")
           .add("step", state.step)
           .add("reason", words[static_cast<int>(reason)])
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
  return {.reason = reason,
          .limit = reason == StopReason::limit ? limit_reached() : Limit::none,
          .signal = signal,
          .step = state.step,
          .epoch = state.epoch,
          .first_step = first_step,
          .best_step = best->step(),
          .skipped = state.skipped,
          .seconds = state.seconds,
          .schedule_ended = schedule_ended(),
          .best = best->validation()};
}

TrainingResult Trainer::Loop::run() {
  std::optional<StopSignals> signals;
  if (options.catch_signals) signals.emplace();
  while (limit_reached() == Limit::none && !out_of_patience()) {
    step();
    if (state.step % config.validate_every == 0) {
      validate(true);
      save(false);
    }
    if (signals && signals->received()) return finish(StopReason::signal, signals->received());
  }
  const bool limit = limit_reached() != Limit::none;
  return finish(limit ? StopReason::limit : StopReason::patience, 0);
}

Trainer::Trainer(TrainingTask& task, TrainerOptions options, TrainingObserver* observer)
    : loop_(std::make_unique<Loop>(task, std::move(options), observer)) {}
Trainer::~Trainer() = default;
TrainingResult Trainer::run() { return loop_->run(); }

}  // namespace heed
