#pragma once

#include <cstdint>

namespace heed {

/// A factor of the learning rate as a function of the step, which counts from 1:
/// `optimizer.set_learning_rate(peak * schedule(step))`. A small value without state of its own, so
/// that a resumed run needs the number of the step alone.
/// Throws `ConfigError` for values out of range.
class Schedule {
 public:
  /// 1 always; during a `warmup`, step / warmup.
  static Schedule constant(int64_t warmup = 0);
  /// Linear warm-up to 1, then the inverse square root: min(step / warmup, sqrt(warmup / step)).
  /// With the peak rate `noam_peak` this is eq. (3) of Vaswani et al. 2017.
  static Schedule noam(int64_t warmup);
  /// gamma^floor((step - 1) / size). As torch.optim.lr_scheduler.StepLR.
  static Schedule step(int64_t size, double gamma);
  /// Linear warm-up to 1, then half a cosine down to 0 at step `total`. Loshchilov and Hutter 2017.
  static Schedule cosine(int64_t total, int64_t warmup = 0);

  /// Linear warm-up to 1, then multiplied by gamma every `size` steps, evenly:
  /// gamma^((step - max(warmup, 1)) / size). With size 1 as torch.optim.lr_scheduler.ExponentialLR.
  static Schedule exponential(int64_t size, double gamma, int64_t warmup = 0);

  double operator()(int64_t step) const;

 private:
  enum class Kind { constant, noam, step, cosine, exponential };
  Schedule(Kind kind, int64_t length, int64_t warmup, double gamma);

  Kind kind_;
  int64_t length_, warmup_;
  double gamma_;
};

/// Settings of `Plateau`, named as in PyTorch.
struct PlateauOptions {
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
};

/// A factor of the learning rate that falls when a figure stops getting better: `factor` times
/// itself after more than `patience` validations in a row that were not better than the best, by
/// the share `threshold`. What it remembers is `State`; save it with the weights. `ConfigError` for
/// options out of range. As torch.optim.lr_scheduler.ReduceLROnPlateau, with its defaults.
class Plateau {
 public:
  struct State {
    /// What the peak learning rate is multiplied by, and the bad validations in a row.
    double factor = 1;
    int64_t bad = 0;
    /// The best (smallest) figure given to `observe`.
    double best = no_figure;
  };

  explicit Plateau(PlateauOptions options = {});
  /// Takes the figure of a validation, the smaller the better; returns the factor from now on. NaN
  /// is never better.
  double observe(double figure);
  /// The same where the caller knows what is better.
  double observe_better(bool better);

  double factor() const { return state_.factor; }
  const State& state() const { return state_; }
  void load_state(const State& state) { state_ = state; }

 private:
  static constexpr double no_figure = 1.7976931348623157e308;
  PlateauOptions options_;
  State state_;
};

/// d_model^-0.5 warmup^-0.5: the peak of d_model^-0.5 min(step^-0.5, step warmup^-1.5).
double noam_peak(int64_t d_model, int64_t warmup);

}  // namespace heed
