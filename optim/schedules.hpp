#pragma once

#include <cstdint>

namespace heed {

/// A factor of the learning rate as a function of the step, which counts from 1:
/// `optimizer.set_learning_rate(peak * schedule(step))`. A small value without state of its own, so
/// that a resumed run needs the number of the step alone. Throws `ConfigError` for values out of
/// range.
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

  double operator()(int64_t step) const;

 private:
  enum class Kind { constant, noam, step, cosine };
  Schedule(Kind kind, int64_t length, int64_t warmup, double gamma);

  Kind kind_;
  int64_t length_, warmup_;
  double gamma_;
};

/// d_model^-0.5 warmup^-0.5: the peak of d_model^-0.5 min(step^-0.5, step warmup^-1.5).
double noam_peak(int64_t d_model, int64_t warmup);

}  // namespace heed
