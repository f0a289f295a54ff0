#pragma once

#include <vector>

#include "../core/named_tensor.hpp"

namespace heed {

/// A shadow of weights that follows them slowly: shadow = d shadow + (1 - d) weight after each of
/// the optimiser's steps, with d = min(decay, (1 + t) / (10 + t)) at update t from 1, so that it
/// soon forgets the random start. It starts as a copy of the weights. Polyak and Juditsky 1992; the
/// ramp is that of tf.train.ExponentialMovingAverage and of Marian. `ConfigError` unless decay is
/// in [0, 1). As torch.optim.swa_utils.AveragedModel but for the ramp.
class ExponentialMovingAverage {
 public:
  ExponentialMovingAverage(const std::vector<NamedTensor>& parameters, double decay);

  /// Takes in the weights as they are now.
  void update();
  /// Exchanges the numbers of weights and shadow, in place and exactly: once to measure or save the
  /// shadow, once more to train on.
  void swap();

  /// `updates`, and `shadow.NAME` for each weight; they share this object's memory.
  std::vector<NamedTensor> state() const;
  /// Takes over a saved state, copied. Throws one `FormatError` that lists all that differs.
  void load_state(const std::vector<NamedTensor>& state);

 private:
  struct Entry {
    std::string name;
    Tensor weight;
    Array shadow;
  };
  std::vector<Entry> entries_;
  double decay_;
  int64_t updates_ = 0;
};

/// Exchanges weights and shadow while it lives; a null pointer: does nothing.
class ShadowInPlace {
 public:
  explicit ShadowInPlace(ExponentialMovingAverage* average) : average_(average) {
    if (average_) average_->swap();
  }
  ~ShadowInPlace() {
    if (average_) average_->swap();
  }
  ShadowInPlace(const ShadowInPlace&) = delete;
  ShadowInPlace& operator=(const ShadowInPlace&) = delete;

 private:
  ExponentialMovingAverage* average_;
};

/// The mean of state dicts of one model, tensor by tensor: sums in double in the order of `add`,
/// rounded once at the end. One state is held, however many are added.
class StateAverage {
 public:
  /// Adds the next state. Throws one `FormatError` that lists every tensor that is missing,
  /// unexpected, of another shape or type than in the first state.
  void add(const std::vector<NamedTensor>& state);
  int64_t count() const { return count_; }
  /// The mean, with the first state's names, order and types; `ConfigError` of no state.
  std::vector<NamedTensor> mean() const;

 private:
  struct Entry {
    std::string name;
    DType dtype;
    Array sum;
  };
  std::vector<Entry> entries_;
  int64_t count_ = 0;
};

}  // namespace heed
