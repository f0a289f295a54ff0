#pragma once

#include "module.hpp"

namespace heed {

/// Affine map y = x W^T + b.   x: [..., in] -> [..., out]; weight [out, in], bias [out].
/// Weights start uniform in +-1/sqrt(in).
/// Throws `ConfigError` for sizes below 1. As torch.nn.Linear.
struct Linear {
  Parameter weight, bias;

  Linear(int64_t in, int64_t out, bool with_bias = true);
  Tensor operator()(const Tensor& x) const;
  void members(Members& m) { m("weight", weight)("bias", bias); }
  auto arguments() const { return std::tuple(weight.size(1), weight.size(0), bias.defined()); }
};

}  // namespace heed
