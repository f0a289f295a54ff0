#pragma once

#include <optional>
#include <string>

#include "../train_log.hpp"
#include "../trainer.hpp"
#include "../training_checkpoint.hpp"

namespace heed {

/// What is said of a training, to its observer (which may be null) and in its history `log.jsonl`.
/// A history that can't be written is one warning. For sources of this folder.
class Journal {
 public:
  explicit Journal(TrainingObserver* observer) : observer_(observer) {}
  /// Opens the history of the run's folder; an empty name: there is none.
  void open(const std::string& folder);

  void warn(const std::string& text) const;
  void note(const std::string& text) const;
  /// A step was made, of so many tokens.
  void stepped(const TrainingState& state, double loss, double learning_rate, int64_t tokens,
               double seconds, double seconds_left);
  /// The model, or the mean of checkpoints (`average`), was measured; is it the best so far?
  void validated(const TrainingState& state, const Validation& result, bool best);
  void validated_average(const TrainingState& state, const Validation& result, bool best);
  void stopped(const TrainingState& state, StopReason reason);

 private:
  void log_validation(const char* event, const TrainingState& state, const Validation& result,
                      bool best);

  /// Mean loss and speed of the steps since the last line of the history.
  struct Window {
    double loss = 0, seconds = 0;
    int64_t steps = 0, tokens = 0;
  };

  TrainingObserver* observer_;
  std::optional<TrainLog> log_;
  Window window_;
};

}  // namespace heed
