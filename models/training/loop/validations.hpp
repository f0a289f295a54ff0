#pragma once

#include <string>

#include "../../../optim/averaging.hpp"
#include "../../config/config.hpp"
#include "../best_model.hpp"
#include "../trainer.hpp"
#include "../training_checkpoint.hpp"
#include "journal.hpp"

namespace heed {

/// What the validations of a training find, and the best model. There are two records: the best of
/// the regular validations, in the `TrainingState`, which patience and the schedule `plateau` go
/// by, and what the folder holds, which any better one replaces. For sources of this folder.
class Validations {
 public:
  /// `average`: the shadow of the weights that is measured and kept in their stead, or null.
  /// `data` tells runs on other data apart. What is no string must live as long.
  Validations(TrainingTask& task, const TrainingConfig& config, ExponentialMovingAverage* average,
              Journal& journal, const std::string& folder, std::string data);

  /// Takes over the best model of a folder whose run has no checkpoint.
  void take_over() { best_.take_over(0, {}); }
  /// Goes on with the run that stands at `state`.
  void resume(const TrainingState& state);
  /// Measures the model, between steps; the state goes by what is found. If it throws,
  /// `last_step()` says whether that is done: then the observer alone has not been told.
  void validate(TrainingState& state);
  /// Measures the model at a run's last step. It may be the best, but leaves no trace in the state:
  /// a run that is resumed with further limits is the same as one that had them at once.
  void validate_last(const TrainingState& state);
  /// Measures the mean of the last checkpoints' weights, and keeps it if it is better than the best
  /// model. The weights are left as they were, also if it throws.
  void validate_average(const TrainingState& state);
  /// Keeps the model as it is, unmeasured, if there is none: better one that nobody has measured.
  void keep_any();
  /// Writes a best model that could not be written before. `IoError` if it still can't be.
  void write_waiting();

  /// The step of the last validation, -1: none.
  int64_t last_step() const { return last_step_; }
  const BestModel& best() const { return best_; }

 private:
  Validation measure(int64_t step);
  bool judge(int64_t step, const Validation& result);
  void tell(const TrainingState& state, const Validation& result, bool best);
  void keep(int64_t step, const Validation& result);
  void warn_of_waiting() const;
  std::vector<int64_t> steps_to_average(int64_t last) const;

  TrainingTask& task_;
  const TrainingConfig& config_;
  ExponentialMovingAverage* average_;
  Journal& journal_;
  std::string folder_;
  BestModel best_;
  int64_t last_step_ = -1;
  bool warned_ = false;
};

}  // namespace heed
