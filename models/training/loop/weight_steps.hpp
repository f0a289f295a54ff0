#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../../core/random.hpp"
#include "../../../optim/averaging.hpp"
#include "../../../optim/optimizer.hpp"
#include "../../config/config.hpp"
#include "../trainer.hpp"
#include "../training_checkpoint.hpp"

namespace heed {

/// The learning rate of the step that follows `state`: the schedule's, times what the schedule
/// `plateau` has made of it.
double learning_rate(const TrainingConfig& config, const TrainingState& state);

/// What changes the weights of a training: gradients of some batches, clipping, the optimiser, the
/// moving average. For sources of this folder.
class WeightSteps {
 public:
  /// `task` and `config` must live as long.
  WeightSteps(TrainingTask& task, const TrainingConfig& config);

  struct Result {
    /// The mean loss of the batches.
    double loss = 0;
    /// What is not finite, so that no weight was changed: `the loss`, `the gradient of NAME`.
    std::string fault = {};
  };
  /// One step by the batches [first, end) of the epoch, weighted by their tokens.
  Result step(int64_t first, int64_t end, double rate);
  /// What made the numbers of the last step's batches go wrong, in brackets: repeats them with the
  /// same random numbers while every operation looks at its result, and leaves no trace.
  std::string culprit();

  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  /// Null without `config.ema`.
  ExponentialMovingAverage* moving_average() { return shadow_ ? &*shadow_ : nullptr; }
  /// The optimiser's state and the moving average's, as a checkpoint holds them; and taking them
  /// back, of a run that stands at `at`. `FormatError` if they don't fit.
  std::vector<NamedTensor> state() const;
  void load_state(const std::vector<NamedTensor>& state, const TrainingState& at);

 private:
  double accumulate(int64_t first, int64_t end);

  TrainingTask& task_;
  const TrainingConfig& config_;
  std::vector<NamedTensor> parameters_;
  std::vector<Tensor> tensors_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<ExponentialMovingAverage> shadow_;
  /// The batches of the last step, and the generator before the first of them.
  int64_t first_ = 0, end_ = 0;
  Generator before_;
  /// Have the weights that the loss depends on been compared with those that are trained?
  bool checked_ = false;
};

}  // namespace heed
