#pragma once

#include "module.hpp"

namespace heed {

/// In training, zeroes each element with probability `p` and scales the others by 1 / (1 - p);
/// after `eval(module)` it changes nothing. Throws `ConfigError` unless p is in [0, 1). Srivastava
/// et al. 2014. As torch.nn.Dropout.
struct Dropout {
  double p;
  bool training = true;

  explicit Dropout(double probability);
  Tensor operator()(const Tensor& x) const;
  /// x + Dropout(y) for x and y of one shape, and Dropout(relu(x)), in one pass each.
  Tensor add(const Tensor& x, const Tensor& y) const;
  Tensor relu(const Tensor& x) const;
  void members(Members& m) { m.mode(training); }
  auto arguments() const { return std::tuple(p); }
};

}  // namespace heed
