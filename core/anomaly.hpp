#pragma once

#include <string>

#include "array.hpp"

namespace heed {

/// What a `DetectAnomaly` looks for: NaN, or NaN and +infinity, which only an overflow or a
/// division makes (-infinity is also what masks and log(0) give).
enum class Anomaly { none, nan, overflow };

/// While one lives, this thread looks for NaN in the result of each differentiable operation and in
/// each gradient that a backward rule gives. The first throws `NumericError` with the operation
/// that made it, the shape and the element; in the backward pass also the input whose gradient it
/// is. Infinities pass unless they are asked for. For finding faults: each number is read once
/// more. PyTorch's torch.autograd.detect_anomaly.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(Anomaly wanted = Anomaly::nan);
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  Anomaly before_;
};
/// Does a `DetectAnomaly` live on this thread?
bool detects_anomaly();

/// `NumericError` if `numbers` has what this thread's `DetectAnomaly` looks for, without one a NaN;
/// `what` says whose they are.
void check_for_anomaly(const std::string& what, const Array& numbers);

}  // namespace heed
