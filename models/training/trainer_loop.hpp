#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../core/files/files.hpp"
#include "../../optim/averaging.hpp"
#include "../config/training_recipe.hpp"
#include "best_model.hpp"
#include "train_log.hpp"
#include "trainer.hpp"
#include "training_checkpoint.hpp"

/// The inside of a `Trainer`: trainer.cpp starts, ends and saves a run, trainer_step.cpp makes the
/// steps, trainer_validation.cpp measures them.
namespace heed {

struct Trainer::Loop {
  Loop(TrainingTask& task_, TrainerOptions options_, TrainingObserver* observer_);
  TrainingResult run();

  void check_options() const;
  void open_folder();
  void start();
  void resume(const TrainingCheckpoint& checkpoint);
  int64_t largest_file() const;
  void check_weights() const;
  void load_optimizer(const TrainingCheckpoint& checkpoint);
  void check_fingerprint(const TrainingState& before) const;
  void enter_epoch();
  bool schedule_ended() const;
  void warn_of_ended_schedule() const;

  void step();
  double backward(int64_t end);
  void update(double loss, double rate, int64_t end);
  void skip(const std::string& cause, int64_t end);
  std::string culprit(int64_t end);
  void advance(int64_t end);
  void report(double loss, int64_t tokens, double seconds);

  Limit limit_reached() const;
  bool out_of_patience() const;
  double seconds_left() const;

  void validate(bool regular);
  void keep_best(int64_t step, const Validation& result);
  void write_waiting(bool last);
  void log_validation(const char* event, const Validation& result, bool best_so_far);
  void validate_average();

  bool save(bool last);
  std::vector<NamedTensor> optimizer_state() const;
  ExponentialMovingAverage* moving_average() { return shadow ? &*shadow : nullptr; }
  TrainingResult finish(StopReason reason, int signal);

  void warn(const std::string& text) const {
    if (observer && !text.empty()) observer->warn(text);
  }
  void note(const std::string& text) const {
    if (observer) observer->note(text);
  }

  /// Mean loss and speed of the steps since the last line of the log.
  struct Window {
    double loss = 0, seconds = 0;
    int64_t steps = 0, tokens = 0;
  };

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
  std::optional<BestModel> best;
  /// The generator before the step's first batch: with it a step can be repeated.
  Generator before_step;
  int64_t batches = 0, saved_step = -1, validated_step = -1, first_step = 0;
  double rate = 0;
  Window window;
  bool warned_skip = false;
};

}  // namespace heed
