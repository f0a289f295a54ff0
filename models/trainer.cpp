#include <algorithm>
#include <chrono>
#include <cmath>
#include <heed/core/error.hpp>
#include <heed/core/files.hpp>
#include <heed/core/kernels/reductions.hpp>
#include <heed/core/operations.hpp>
#include <heed/models/checkpoint.hpp>
#include <heed/models/model_folder.hpp>
#include <heed/models/signals.hpp>
#include <heed/models/train_log.hpp>
#include <heed/models/trainer.hpp>
#include <heed/models/training_recipe.hpp>
#include <heed/optim/averaging.hpp>
#include <heed/optim/clipping.hpp>
#include <limits>
#include <optional>

namespace heed {

namespace {

constexpr int64_t give_up_after = 5, log_every = 50;

/// Before the names of the moving average in a checkpoint's optimizer.safetensors, whose other
/// names begin with a number.
const std::string shadow_prefix = "ema.";

std::string first_non_finite_gradient(const std::vector<NamedTensor>& parameters) {
  for (const NamedTensor& parameter : parameters) {
    if (!std::isfinite(grad_norm({parameter.tensor}))) return parameter.name;
  }
  return "";
}

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Mean loss and speed of the steps since the last line of the log.
struct Window {
  double loss = 0, seconds = 0;
  int64_t steps = 0, tokens = 0;
};

}  // namespace

void TrainingTask::begin(const std::string&) {}
void TrainingTask::save_best(const std::string& folder) {
  save_weights(join_path(folder, "model.safetensors"), state());
}
std::vector<std::pair<std::string, std::string>> TrainingTask::fingerprint() { return {}; }

struct Trainer::Loop {
  Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer_);
  TrainingResult run();

  void open_folder();
  void start();
  void resume(const Checkpoint& checkpoint);
  int64_t largest_file() const;
  void check_weights() const;
  void load_optimizer(const Checkpoint& checkpoint);
  void check_fingerprint(const TrainingState& before) const;
  void enter_epoch();

  void step();
  double backward(int64_t end);
  void update(double loss, double rate);
  void skip(const std::string& cause);
  void advance(int64_t end);

  bool limit_reached() const;
  bool out_of_patience() const;
  double seconds_left() const;
  void validate(bool regular);
  bool beats(const Validation& result, double score, double loss) const;
  void log_validation(const char* event, const Validation& result, bool better);
  void validate_average();
  bool save(bool last);
  std::vector<NamedTensor> optimizer_state() const;
  ExponentialMovingAverage* moving_average() { return shadow ? &*shadow : nullptr; }
  TrainingResult finish(StopReason reason, int signal);

  void report(double loss, int64_t tokens, double seconds);
  void warn(const std::string& text) const {
    if (observer && !text.empty()) observer->warn(text);
  }
  void note(const std::string& text) const {
    if (observer) observer->note(text);
  }

  TrainingTask& task;
  TrainerOptions options;
  TrainingConfig& config;
  TrainingObserver* observer;
  std::vector<NamedTensor> parameters;
  std::vector<Tensor> tensors;
  std::unique_ptr<Optimizer> optimizer;
  Plateau plateau = make_plateau();
  std::optional<ExponentialMovingAverage> shadow;
  std::optional<FolderLock> lock;
  std::optional<TrainLog> log;
  TrainingState state;
  int64_t batches = 0, saved_step = -1, validated_step = -1, best_step = 0;
  double rate = 0;
  Window window;
  Validation best;
  bool warned_skip = false, trained = false;
};

Trainer::Loop::Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer_)
    : task(task_),
      options(std::move(options_)),
      config(options.training),
      observer(observer_),
      parameters(task.parameters()) {
  if (config.validate_every < 1 || config.accumulate < 1 || options.keep < 2) {
    throw ConfigError("trainer: validate_every and accumulate must be at least 1, keep at least 2");
  }
  if (config.epochs <= 0 && config.steps <= 0 && !(config.minutes > 0)) {
    throw ConfigError("trainer: no limit: give epochs, steps or minutes");
  }
  if (config.average > 0 && options.folder.empty()) {
    throw ConfigError("trainer: average needs a folder, where checkpoints are");
  }
  options.keep = std::max(options.keep, config.average);
  for (const NamedTensor& parameter : parameters) tensors.push_back(parameter.tensor);
  optimizer = make_optimizer(config, parameters);
  if (config.ema > 0) shadow.emplace(parameters, config.ema);
  if (has_end(config.schedule)) {
    state.schedule_steps = options.schedule_steps > 0 ? options.schedule_steps : config.steps;
  }
  start();
}

// --- Starting, also in the middle ---

void Trainer::Loop::open_folder() {
  check_run_folder(options.folder, options.use);
  make_folder(options.folder);
  lock.emplace(options.folder);
  check_run_folder(options.folder, options.use);
  remove_temporaries(options.folder);
  if (options.use == FolderUse::overwrite) clear_run_folder(options.folder);
  const std::string checkpoints = join_path(options.folder, "checkpoints");
  if (is_folder(checkpoints)) remove_temporaries(checkpoints);
}

void Trainer::Loop::start() {
  state.fingerprint = task.fingerprint();
  state.generator = default_generator();
  if (!options.folder.empty()) {
    open_folder();
    if (options.use == FolderUse::resume) {
      std::vector<std::string> warnings;
      const bool found =
          newest_checkpoint(options.folder, warnings, largest_file(),
                            [&](const Checkpoint& checkpoint) { resume(checkpoint); })
              .has_value();
      for (const std::string& warning : warnings) warn(warning);
      if (found) {
        note("going on from step " + std::to_string(state.step));
      } else {
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
void Trainer::Loop::resume(const Checkpoint& checkpoint) {
  check_fingerprint(checkpoint.state);
  task.load_state(checkpoint.model);
  check_weights();
  load_optimizer(checkpoint);
  state = checkpoint.state;
  enter_epoch();
  if (state.batch >= batches) {
    throw FormatError("state.json: the next batch is " + std::to_string(state.batch) +
                      ", but epoch " + std::to_string(state.epoch) + " has " +
                      std::to_string(batches) + " (from 0)");
  }
  plateau.load_state({.factor = state.plateau_factor, .bad = state.plateau_bad});
  default_generator() = state.generator;
  saved_step = state.step;
  best_step = state.best_step;
  best.score = state.best_score;
  best.loss = state.best_loss;
}

void Trainer::Loop::check_weights() const {
  for (const NamedTensor& parameter : parameters) {
    if (kernels::all_finite(parameter.tensor.array())) continue;
    throw FormatError("model.safetensors: " + parameter.name +
                      " holds values that are not finite (NaN or infinity)");
  }
}

void Trainer::Loop::load_optimizer(const Checkpoint& checkpoint) {
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

// --- One step ---

/// Gradients of the batches [state.batch, end), weighted by their tokens; returns their mean loss.
double Trainer::Loop::backward(int64_t end) {
  int64_t total = 0;
  for (int64_t batch = state.batch; batch < end; ++batch) total += task.tokens(batch);
  double sum = 0;
  optimizer->zero_grad();
  for (int64_t batch = state.batch; batch < end; ++batch) {
    const double share = static_cast<double>(task.tokens(batch)) / static_cast<double>(total);
    const Tensor loss = task.loss(batch);
    const double value = loss.item();
    sum += share * value;
    if (!std::isfinite(value)) break;
    (share == 1 ? loss : loss * share).backward();
  }
  return sum;
}

void Trainer::Loop::step() {
  const Stopwatch watch;
  const int64_t end = std::min(state.batch + config.accumulate, batches);
  int64_t tokens = 0;
  for (int64_t batch = state.batch; batch < end; ++batch) tokens += task.tokens(batch);
  trained = true;
  rate = config.learning_rate * plateau.factor() *
         make_schedule(config, state.schedule_steps)(state.step + 1);
  const double loss = backward(end);
  update(loss, rate);
  advance(end);
  const double seconds = watch.seconds();
  state.seconds += seconds;
  report(loss, tokens, seconds);
}

void Trainer::Loop::update(double loss, double learning_rate) {
  if (!std::isfinite(loss)) return skip("the loss");
  const double limit = config.clip_norm > 0 ? config.clip_norm : std::numeric_limits<double>::max();
  const double norm = config.clip_norm > 0 ? clip_grad_norm(tensors, limit) : grad_norm(tensors);
  if (!std::isfinite(norm)) {
    return skip("the gradient of " + first_non_finite_gradient(parameters));
  }
  state.skipped_in_a_row = 0;
  optimizer->set_learning_rate(learning_rate);
  optimizer->step();
  if (shadow) shadow->update();
}

void Trainer::Loop::skip(const std::string& cause) {
  ++state.skipped;
  const std::string what =
      "step " + std::to_string(state.step + 1) + ": " + cause + " is not finite";
  if (++state.skipped_in_a_row >= give_up_after) {
    throw NumericError(
        what + ", " + std::to_string(give_up_after) +
        " times in a row: the training diverged; try a smaller learning rate or clip_norm");
  }
  if (!warned_skip) warn(what + "; such steps are left out");
  warned_skip = true;
}

void Trainer::Loop::advance(int64_t end) {
  ++state.step;
  state.batch = end;
  if (end < batches) return;
  state.batch = 0;
  ++state.epoch;
  if (config.epochs <= 0 || state.epoch < config.epochs) enter_epoch();
}

// --- Limits, validation, checkpoints ---

bool Trainer::Loop::limit_reached() const {
  return (config.steps > 0 && state.step >= config.steps) ||
         (config.epochs > 0 && state.epoch >= config.epochs) ||
         (config.minutes > 0 && state.seconds >= 60 * config.minutes);
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

/// A validation that is not a regular one (at the last step) may find the best model, but leaves no
/// trace in the state: a run that is resumed with further limits is the same as one that had them
/// at once.
void Trainer::Loop::validate(bool regular) {
  validated_step = state.step;
  const ShadowInPlace in_place(moving_average());
  Validation result;
  {
    KeepGenerator generator;
    result = task.validate();
  }
  const bool better = state.best_step == 0 || beats(result, state.best_score, state.best_loss);
  if (better && !options.folder.empty()) task.save_best(options.folder);
  if (better) best = result;
  if (better) best_step = state.step;
  if (better && regular) {
    state.best_step = state.step;
    state.best_score = result.score;
    state.best_loss = result.loss;
  }
  if (regular) state.worse_validations = better ? 0 : state.worse_validations + 1;
  if (regular && config.schedule == ScheduleKind::plateau) {
    plateau.observe_better(better);
    state.plateau_factor = plateau.factor();
    state.plateau_bad = plateau.state().bad;
  }
  log_validation("valid", result, better);
  if (observer) observer->validated(state.step, result, better);
}

bool Trainer::Loop::beats(const Validation& result, double score, double loss) const {
  return result.score > score || (result.score == score && result.loss < loss);
}

void Trainer::Loop::log_validation(const char* event, const Validation& result, bool better) {
  log->line(event).add("step", state.step).add("epoch", state.epoch).add("loss", result.loss);
  for (const auto& [name, value] : result.metrics) log->add(name, value);
  warn(log->add("best", int64_t{better}).write());
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
  const bool better = best_step == 0 || beats(result, best.score, best.loss);
  if (better) task.save_best(options.folder);
  task.load_state(own);
  if (better) best = result;
  if (better) best_step = state.step;
  log_validation("average", result, better);
  note("the mean of the last " + std::to_string(steps.size()) + " checkpoints is " +
       (better ? "better than the best of them: it is the model now" : "no better"));
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
  try {
    save_checkpoint(options.folder, {state, task.state(), optimizer_state()});
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
    if (best_step == 0 && !options.folder.empty()) task.save_best(options.folder);
  } else if (validated_step != state.step && saved_step != state.step) {
    validate(false);
  }
  save(true);
  if (config.average > 0 && trained && reason != StopReason::signal) validate_average();
  const char* words[] = {"limit", "patience", "signal"};
  warn(log->line("stop")
           .add("step", state.step)
           .add("reason", words[static_cast<int>(reason)])
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
  return {reason,    signal,        state.step,    state.epoch,
          best_step, state.skipped, state.seconds, std::move(best)};
}

TrainingResult Trainer::Loop::run() {
  std::optional<StopSignals> signals;
  if (options.catch_signals) signals.emplace();
  while (!limit_reached() && !out_of_patience()) {
    step();
    if (state.step % config.validate_every == 0) {
      validate(true);
      save(false);
    }
    if (signals && signals->received()) return finish(StopReason::signal, signals->received());
  }
  return finish(limit_reached() ? StopReason::limit : StopReason::patience, 0);
}

void Trainer::Loop::report(double loss, int64_t tokens, double seconds) {
  window.loss += loss;
  window.tokens += tokens;
  window.seconds += seconds;
  ++window.steps;
  const double speed = static_cast<double>(window.tokens) / std::max(window.seconds, 1e-9);
  if (observer) {
    observer->stepped({state.step, state.epoch, window.loss / static_cast<double>(window.steps),
                       rate, speed, seconds_left()});
  }
  if (state.step % log_every != 0) return;
  warn(log->line("train")
           .add("step", state.step)
           .add("epoch", state.epoch)
           .add("loss", window.loss / static_cast<double>(window.steps))
           .add("learning_rate", rate)
           .add("tokens_per_second", speed)
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
  window = {};
}

Trainer::Trainer(TrainingTask& task, TrainerOptions options, TrainingObserver* observer)
    : loop_(std::make_unique<Loop>(task, std::move(options), observer)) {}
Trainer::~Trainer() = default;
TrainingResult Trainer::run() { return loop_->run(); }

}  // namespace heed
