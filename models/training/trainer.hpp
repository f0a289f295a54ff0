#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../core/named_tensor.hpp"
#include "../config/config.hpp"
#include "run_folder.hpp"

namespace heed {

/// What held-out data says of a model.
struct Validation {
  /// Mean loss of a token (or whatever the task counts).
  double loss = 0;
  /// The larger, the better: the best model is chosen by it, and by the loss among equals.
  double score = 0;
  /// More figures for the log: `accuracy`, `bleu`, ...
  std::vector<std::pair<std::string, double>> metrics;
};

/// What a `Trainer` trains: a model with its data. `ModuleTask` is one for a model and batches of
/// your own, `TranslationTask` heed's for pairs of sentences.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;
  /// All weights that are trained, with their names.
  virtual std::vector<NamedTensor> parameters() = 0;
  /// What a checkpoint stores of the model, and taking it back.
  virtual std::vector<NamedTensor> state() = 0;
  virtual void load_state(const std::vector<NamedTensor>& state) = 0;

  /// Gets the batches of an epoch ready, in an order that depends on nothing but the task's seed
  /// and the number of the epoch (from 0); returns how many there are, at least 1.
  virtual int64_t start_epoch(int64_t epoch) = 0;
  /// Tokens of a batch of this epoch: its weight where several batches make one update.
  virtual int64_t tokens(int64_t batch) = 0;
  /// The mean loss of a batch over its tokens, a scalar, in training mode. A batch whose loss is
  /// not finite may be asked for again, with the same random numbers, to find out why.
  virtual Tensor loss(int64_t batch) = 0;
  /// Is there held-out data to validate on? Without, the last step's model is the one that is kept.
  virtual bool has_held_out() { return true; }
  /// Measures the model on held-out data; in training mode again afterwards, also if it throws.
  virtual Validation validate() = 0;

  /// Before the first step of a run, also a resumed one: writes what the folder holds besides
  /// weights.
  virtual void begin(const std::string& folder);
  /// Names and values that must agree when a run is resumed, checksums of the data for example.
  virtual std::vector<std::pair<std::string, std::string>> fingerprint();
};

/// `ShapeError` unless `loss`, what the loss function of a task gave, is one number.
void check_loss(const Tensor& loss);
/// `IndexError` unless an epoch of so many batches (0: none was started) has that one.
void check_batch(int64_t batch, int64_t batches);

/// Progress of a training, after each step.
struct TrainingProgress {
  int64_t step = 0, epoch = 0;
  double loss = 0, learning_rate = 0, tokens_per_second = 0;
  /// Seconds until the first limit is reached, as far as one can tell; negative: unknown.
  double seconds_left = -1;
};

/// Told how a training goes. Warnings and notes are one line each.
class TrainingObserver {
 public:
  virtual ~TrainingObserver() = default;
  virtual void stepped(const TrainingProgress&) {}
  virtual void validated(int64_t /*step*/, const Validation&, bool /*best*/) {}
  virtual void warn(const std::string&) {}
  virtual void note(const std::string&) {}
};

struct TrainerOptions {
  /// The run's folder: the best model, `checkpoints/`, `log.jsonl`. Empty: nothing is written.
  std::string folder{};
  TrainingConfig training{};
  /// A new run in a new or empty folder; the newest valid checkpoint's run; a new run instead of
  /// the old.
  FolderUse use = FolderUse::fresh;
  /// Last step of a schedule that has one (cosine, exponential); 0: `training.steps`, without them
  /// that of `training.epochs` as long as the first. A resumed run keeps its own.
  int64_t schedule_steps = 0;
  /// Regular checkpoints that are kept, at least 2 and at least `training.average`.
  int64_t keep = 2;
  /// Catch SIGINT, SIGTERM and SIGHUP: finish the step, save, return.
  bool catch_signals = true;
};

enum class StopReason { limit, patience, signal };
/// What of `TrainingConfig` a run can end at.
enum class Limit { none, steps, epochs, minutes };

/// How a training ended.
struct TrainingResult {
  StopReason reason = StopReason::limit;
  /// The one that was reached, where that is the reason.
  Limit limit = Limit::none;
  /// The signal that stopped it, 0 if none did.
  int signal = 0;
  /// Where it ended, and the step that this run went on from.
  int64_t step = 0, epoch = 0, first_step = 0;
  /// The model in the folder is of this step; 0: nobody has validated it, as without held-out data.
  int64_t best_step = 0, skipped = 0;
  /// Time spent in training steps, by this process and the ones it went on from; getting an epoch
  /// ready counts, but for the one that a process begins with.
  double seconds = 0;
  /// The schedule has come to its end: a longer run needs a schedule made for it.
  bool schedule_ended = false;
  /// What its validation found, nothing (all 0) where `best_step` is 0; a run that had it from an
  /// earlier one knows loss and score alone.
  Validation best;
};

/// The training loop: batches, loss, gradients, clipping, optimiser, schedule; validation every
/// `validate_every` steps, early stopping, the best model in the folder's root, checkpoints,
/// history.
///
/// The best model, model.safetensors, is replaced by better ones alone, also where a run is stopped
/// and resumed; a run's last step is validated and may be the best wherever it is. That validation
/// counts for nothing else, so a resumed run makes the same checkpoints as one that was never
/// stopped; its best model is the same or a better one, of a step where it was stopped. A best
/// model that can't be written is a warning: it is kept in memory and written later. With `ema` the
/// shadow of the weights is what is validated and written as the best model; with `average` the
/// mean of the last checkpoints is, at the end, if it is better. A task without held-out data is
/// never validated: model.safetensors is written at the end, with the last step's weights, and
/// `patience`, `average` and the schedule `plateau` are a `ConfigError`. The weights depend on the
/// first ones, the task, the settings and the random numbers alone: not on threads, the clock, or
/// where the run was stopped and resumed.
///
/// The random numbers of a run, those of dropout, are its own: in `run` they stand in for
/// `default_generator()`, which is in the end what it was. They are those of `training.seed` from
/// their beginning; but where the `default_generator()` that the constructor of a new run finds has
/// that seed already, as after `manual_seed(1)`, they go on from where it stands: behind the first
/// weights, if nothing else was drawn since.
///
/// In memory the model has the last step's weights in the end, and is in training mode: the best
/// ones are `load(folder + "/model.safetensors", net)`, and `eval(net)` comes before its use.
///
/// A step whose loss or gradient is not finite is skipped and counted; the first is repeated to
/// name the operation that made it so. `run` throws `NumericError` after 5 such steps in a row,
/// `IoError` if the last checkpoint or, at the end, the best model can't be written; the model is
/// that of the last step then. The constructor throws `ConfigError` where this machine lacks what
/// `precision` needs or a resumed run differs from what it was: in the task's fingerprint, in
/// `training` but for the limits (steps, epochs, minutes), in the names or shapes of the weights;
/// `FormatError` if no checkpoint is valid. Whatever it throws, the model is as it was.
class Trainer {
 public:
  /// Locks the folder and reads the checkpoint to go on from; the errors about them come from here.
  /// `task` and `observer` must live as long as the trainer.
  Trainer(TrainingTask& task, TrainerOptions options, TrainingObserver* observer = nullptr);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// Trains until the first limit, then validates and leaves a checkpoint. If the task throws, this
  /// can be called again: it goes on with the step or the validation that was broken off, to the
  /// same bits as if nothing had happened.
  TrainingResult run();

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace heed
