// A run: how it starts, goes on, is saved and ends. What it is made of stands in loop/.
#include "trainer.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/precision.hpp"
#include "../config/model_folder.hpp"
#include "../config/training_recipe.hpp"
#include "loop/journal.hpp"
#include "loop/limits.hpp"
#include "loop/resuming.hpp"
#include "loop/validations.hpp"
#include "loop/weight_steps.hpp"
#include "signals.hpp"

namespace heed {

void TrainingTask::begin(const std::string&) {}
std::vector<std::pair<std::string, std::string>> TrainingTask::fingerprint() { return {}; }

void check_loss(const Tensor& loss) {
  if (loss.defined() && loss.numel() == 1) return;
  throw ShapeError(
      "trainer: the loss function of the task gave " +
      (loss.defined() ? "a tensor " + to_string(loss.shape()) : "an undefined tensor") +
      ", it must return a scalar: the mean of the batch's losses, mean(...)");
}

void check_batch(int64_t batch, int64_t batches) {
  if (batch >= 0 && batch < batches) return;
  throw IndexError("task: there is no batch " + std::to_string(batch) +
                   (batches > 0 ? "; the epoch has the batches 0 to " + std::to_string(batches - 1)
                                : "; start_epoch gets the batches of an epoch ready"));
}

namespace {

constexpr int64_t give_up_after = 5;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

TrainerOptions checked(TrainerOptions options) {
  const TrainingConfig& config = options.training;
  if (config.validate_every < 1 || config.accumulate < 1 || options.keep < 2) {
    throw ConfigError("trainer: validate_every and accumulate must be at least 1, keep at least 2");
  }
  if (config.epochs <= 0 && config.steps <= 0 && !(config.minutes > 0)) {
    throw ConfigError("trainer: no limit: give epochs, steps or minutes");
  }
  if (config.average > 0 && options.folder.empty()) {
    throw ConfigError("trainer: average needs a folder, where checkpoints are");
  }
  check_precision(config.precision);
  options.keep = std::max(options.keep, config.average);
  return options;
}

/// What needs validations is refused where there is nothing to validate on.
void check_held_out(TrainingTask& task, const TrainingConfig& config) {
  if (task.has_held_out()) return;
  if (config.patience <= 0 && config.average <= 0 && config.schedule != ScheduleKind::plateau) {
    return;
  }
  throw ConfigError(
      "trainer: patience, average and the schedule plateau need held-out data, and the task has "
      "none: give it some, or leave them out");
}

/// Where a training of `task` stands before its first step.
TrainingState first_state(TrainingTask& task) {
  TrainingState state;
  state.fingerprint = task.fingerprint();
  return state;
}

/// The last step of a schedule that has one, of a new run in epochs of so many batches; 0: unknown.
int64_t schedule_end(const TrainerOptions& options, int64_t batches) {
  const TrainingConfig& config = options.training;
  if (!has_end(config.schedule)) return 0;
  if (options.schedule_steps > 0) return options.schedule_steps;
  if (config.steps > 0) return config.steps;
  const int64_t each = (batches + config.accumulate - 1) / config.accumulate;
  return std::max<int64_t>(config.epochs, 0) * each;
}

void check_schedule(const TrainingConfig& config, int64_t end) {
  if (has_end(config.schedule) && end <= 0) {
    throw ConfigError(
        "trainer: the schedule falls until its last step, which must be known: give "
        "training.steps, training.epochs or schedule_steps");
  }
  make_schedule(config, end);
}

/// Where a new run's random numbers begin: those of its seed, or what follows the first weights if
/// they were drawn by it too.
Generator first_generator(int64_t seed) {
  const Generator generator(static_cast<uint64_t>(seed));
  return default_generator().seed() == generator.seed() ? default_generator() : generator;
}

/// One word for what must be the same for two validations to be compared.
std::string digest(const std::vector<std::pair<std::string, std::string>>& fingerprint) {
  std::string all;
  for (const auto& [name, value] : fingerprint) all += name + '\0' + value + '\n';
  return sha256(all).substr(0, 16);
}

}  // namespace

struct Trainer::Loop {
  Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer);
  TrainingResult run();

  void go_on();
  void start();
  void start_anew();
  void start_from_checkpoint();
  bool find_checkpoint();
  void resume(const TrainingCheckpoint& checkpoint);
  void load_model(const std::vector<NamedTensor>& model);
  void enter_epoch(int64_t epoch);
  void step();
  double update(int64_t end, double rate);
  void skip(const std::string& fault);
  void advance(int64_t end);
  void validate_and_save();
  void save(bool last);
  TrainingResult finish(StopReason reason, int signal);

  TrainingTask& task;
  const TrainerOptions options;
  const TrainingConfig& config;
  /// Where the training stands.
  TrainingState state;
  Journal journal;
  WeightSteps weights;
  Validations validations;
  std::unique_ptr<FolderLock> lock;
  int64_t first_step = 0, saved_step = -1;
  /// The epoch that `task` has got ready, and its batches.
  int64_t ready_epoch = -1, batches = 0;
  /// What the newest model among the checkpoints differs in, if that is why it can't be resumed.
  std::string other_weights;
  bool warned_skip = false;
};

Trainer::Loop::Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer)
    : task(task_),
      options(checked(std::move(options_))),
      config(options.training),
      state(first_state(task)),
      journal(observer),
      weights(task, config),
      validations(task, config, weights.moving_average(), journal, options.folder,
                  digest(state.fingerprint)) {
  check_held_out(task, config);
  for (auto& setting : training_settings(config)) state.fingerprint.push_back(std::move(setting));
  state.generator = first_generator(config.seed);
  if (options.use == FolderUse::resume) {
    go_on();
  } else {
    start_anew();  // what it refuses is said before anything is written
    start();
  }
}

// --- Starting, also in the middle ---

/// Starts with the run that is there. If that throws, the model is as it was.
void Trainer::Loop::go_on() {
  const std::vector<NamedTensor> before = copied(task.state());
  try {
    start();
  } catch (...) {
    task.load_state(before);
    throw;
  }
}

void Trainer::Loop::start() {
  if (!options.folder.empty()) lock = open_run_folder(options.folder, options.use);
  if (lock && options.use == FolderUse::resume) start_from_checkpoint();
  if (ready_epoch < 0) start_anew();  // there was nothing to resume
  // From here on the folder has a run to resume, whatever becomes of its first steps.
  journal.open(options.folder);
  if (!options.folder.empty()) task.begin(options.folder);
}

void Trainer::Loop::start_anew() {
  enter_epoch(0);
  state.schedule_steps = schedule_end(options, batches);
  check_schedule(config, state.schedule_steps);
}

/// Goes on from the newest checkpoint that is valid; false if there are none at all.
bool Trainer::Loop::find_checkpoint() {
  std::vector<std::string> warnings;
  const auto accept = [&](const TrainingCheckpoint& checkpoint) { resume(checkpoint); };
  try {
    const bool found = newest_training_checkpoint(options.folder, warnings,
                                                  largest_checkpoint_file(task.state()), accept)
                           .has_value();
    for (const std::string& warning : warnings) journal.warn(warning);
    return found;
  } catch (const FormatError&) {
    if (other_weights.empty()) throw;
    throw other_model(options.folder, other_weights);
  }
}

void Trainer::Loop::start_from_checkpoint() {
  if (!find_checkpoint()) {
    validations.take_over();
    return journal.note(escaped(options.folder) +
                        ": has no checkpoint yet; the run starts from its beginning");
  }
  journal.note("going on from step " + std::to_string(state.step));
  if (!schedule_ended(config, state) || limit_reached(config, state) != Limit::none) return;
  journal.warn("the schedule of the learning rate ended at step " +
               std::to_string(state.schedule_steps) +
               ", what follows learns little; for a longer run start anew with more steps");
}

/// Goes on from a checkpoint. An `Error` says that the run can't: then an older one is tried.
void Trainer::Loop::resume(const TrainingCheckpoint& checkpoint) {
  check_fingerprint(options.folder, checkpoint.state, state);
  check_schedule(config, checkpoint.state.schedule_steps);
  enter_epoch(checkpoint.state.epoch);
  check_next_batch(checkpoint.state, batches);
  load_model(checkpoint.model);
  check_finite("model.safetensors", weights.parameters());
  weights.load_state(checkpoint.optimizer, checkpoint.state);
  state = checkpoint.state;
  saved_step = first_step = state.step;
  validations.resume(state);
}

void Trainer::Loop::load_model(const std::vector<NamedTensor>& model) {
  try {
    task.load_state(model);
  } catch (const Error& error) {
    if (other_weights.empty()) other_weights = error.what();
    throw;
  }
}

void Trainer::Loop::enter_epoch(int64_t epoch) {
  if (ready_epoch == epoch) return;
  ready_epoch = -1;
  batches = task.start_epoch(epoch);
  if (batches < 1) {
    throw DataError("trainer: an epoch without batches; the task has nothing to train on");
  }
  ready_epoch = epoch;
}

// --- A step ---

void Trainer::Loop::step() {
  const double start = now(), rate = learning_rate(config, state);
  enter_epoch(state.epoch);
  const int64_t end = std::min(state.batch + config.accumulate, batches);
  int64_t tokens = 0;
  for (int64_t batch = state.batch; batch < end; ++batch) tokens += task.tokens(batch);
  const double loss = update(end, rate);
  advance(end);
  const double seconds = now() - start;
  state.seconds += seconds;
  journal.stepped(state, loss, rate, tokens, seconds, seconds_left(config, state, batches));
}

/// Changes the weights by the batches up to `end`; returns their mean loss. If the task throws,
/// weights, state and random numbers are as they were, and the step can be made again: gradients of
/// the one that was broken off are not added to, as each begins without any.
double Trainer::Loop::update(int64_t end, double rate) {
  const TrainingState before = state;
  default_generator() = state.generator;
  try {
    const WeightSteps::Result result = weights.step(state.batch, end, rate);
    if (result.fault.empty()) {
      state.skipped_in_a_row = 0;
    } else {
      skip(result.fault);
    }
    state.generator = default_generator();
    return result.loss;
  } catch (...) {
    state = before;
    throw;
  }
}

void Trainer::Loop::skip(const std::string& fault) {
  ++state.skipped;
  const bool give_up = ++state.skipped_in_a_row >= give_up_after;
  if (warned_skip && !give_up) return;
  const std::string what = "step " + std::to_string(state.step + 1) + ": " + fault +
                           " is not finite" + weights.culprit();
  if (give_up) {
    throw NumericError(
        what + "; " + std::to_string(give_up_after) +
        " times in a row: the training diverged; try a smaller learning rate or clip_norm");
  }
  journal.warn(what + "; such steps are left out");
  warned_skip = true;
}

void Trainer::Loop::advance(int64_t end) {
  ++state.step;
  state.batch = end;
  if (end < batches) return;
  state.batch = 0;
  ++state.epoch;
}

// --- Checkpoints, the end ---

/// What follows some of the steps. What is done already, before an exception, is not done again.
void Trainer::Loop::validate_and_save() {
  if (state.step == 0 || state.step % config.validate_every != 0) return;
  if (task.has_held_out() && validations.last_step() != state.step) validations.validate(state);
  save(false);
}

/// Writes a checkpoint. Training goes on without one that can't be written, unless it is the last.
void Trainer::Loop::save(bool last) {
  if (options.folder.empty() || saved_step == state.step) return;
  state.validated = validations.last_step() == state.step;
  try {
    save_training_checkpoint(options.folder, {state, task.state(), weights.state()});
    saved_step = state.step;
    prune_checkpoints(options.folder, state.step, config.validate_every, options.keep);
  } catch (const IoError& error) {
    if (last) throw;
    journal.warn(std::string("cannot write a checkpoint: ") + error.what() + "; training goes on");
  }
}

TrainingResult Trainer::Loop::finish(StopReason reason, int signal) {
  const BestModel& best = validations.best();
  const bool validates = task.has_held_out() && reason != StopReason::signal;
  const bool gone = best.step() == 0 && state.step == first_step;  // resumed, without its model
  if (validates && (gone || validations.last_step() != state.step)) {
    validations.validate_last(state);
  }
  validations.keep_any();
  save(true);
  // Also where nothing was left to train: the run may have ended before its mean was measured.
  if (config.average > 0 && reason != StopReason::signal) validations.validate_average(state);
  validations.write_waiting();
  journal.stopped(state, reason);
  return {.reason = reason,
          .limit = reason == StopReason::limit ? limit_reached(config, state) : Limit::none,
          .signal = signal,
          .step = state.step,
          .epoch = state.epoch,
          .first_step = first_step,
          .best_step = best.step(),
          .skipped = state.skipped,
          .seconds = state.seconds,
          .schedule_ended = schedule_ended(config, state),
          .best = best.validation()};
}

TrainingResult Trainer::Loop::run() {
  std::optional<StopSignals> signals;
  if (options.catch_signals) signals.emplace();
  const KeepGenerator keep;  // the run has numbers of its own
  default_generator() = state.generator;
  validate_and_save();  // of a step after which the last call of run() threw
  while (limit_reached(config, state) == Limit::none && !out_of_patience(config, state)) {
    step();
    validate_and_save();
    if (signals && signals->received()) return finish(StopReason::signal, signals->received());
  }
  const bool limit = limit_reached(config, state) != Limit::none;
  return finish(limit ? StopReason::limit : StopReason::patience, 0);
}

Trainer::Trainer(TrainingTask& task, TrainerOptions options, TrainingObserver* observer)
    : loop_(std::make_unique<Loop>(task, std::move(options), observer)) {}
Trainer::~Trainer() = default;
TrainingResult Trainer::run() { return loop_->run(); }

}  // namespace heed
