#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/named_tensor.hpp"
#include "trainer.hpp"

namespace heed {

/// Is `a` better than `b`: a larger score, or a smaller loss among equals? What is not a number is
/// worse than any.
bool better(const Validation& a, const Validation& b);
/// Are score and loss numbers? What they are not is never the best, not even the first.
bool is_measured(const Validation& a);

/// The best model of a run, `FOLDER/model.safetensors`. The file itself says, in its metadata,
/// which validation chose it: so however a run was stopped, one that goes on knows what it would
/// replace. A file that can't be written waits in memory, to be written later. For sources of this
/// folder.
class BestModel {
 public:
  /// An empty folder: nothing is written. `data` tells runs on other data apart, whose figures
  /// can't be compared.
  BestModel(const std::string& folder, std::string data);

  /// Takes over what the folder holds. A model that does not say its validation counts as
  /// `otherwise`, found at `step` (0: as none).
  void take_over(int64_t step, const Validation& otherwise);

  /// The step of the best model, 0: none has been validated; and what the validation found.
  int64_t step() const { return step_; }
  const Validation& validation() const { return validation_; }
  bool beaten_by(const Validation& result) const {
    return is_measured(result) && (step_ == 0 || better(result, validation_));
  }

  /// Writes the weights of `step` (0: of a model that nobody has validated) as the best. They are
  /// copied and wait if that fails.
  void keep(int64_t step, const Validation& result, const std::vector<NamedTensor>& weights);
  /// Is there a model that could not be written, and why not?
  const std::optional<std::string>& waits() const { return failure_; }
  /// Tries once more to write what waits.
  void write_waiting();

 private:
  void write(const std::vector<NamedTensor>& weights) const;

  std::string path_, data_;
  int64_t step_ = 0;
  Validation validation_;
  std::vector<NamedTensor> waiting_;
  std::optional<std::string> failure_;
};

}  // namespace heed
