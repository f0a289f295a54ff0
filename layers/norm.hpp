#pragma once

#include "module.hpp"

namespace heed {

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, mean and (biased) variance over the last
/// axis. x: [..., D]; weight, bias: [D] or undefined.
/// Ba, Kiros and Hinton 2016. As torch.nn.functional.layer_norm.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);

/// Layer normalisation of the last axis.   x: [..., D] -> [..., D]; weight [D] starts at 1,
/// bias [D] at 0. Throws `ShapeError` if the last axis of x is not D. As torch.nn.LayerNorm(D).
struct LayerNorm {
  Parameter weight, bias;
  double eps;

  explicit LayerNorm(int64_t size, double epsilon = 1e-5);
  Tensor operator()(const Tensor& x) const { return layer_norm(x, weight, bias, eps); }
  void members(Members& m) { m("weight", weight)("bias", bias); }
  auto arguments() const { return std::tuple(weight.size(0), eps); }
};

/// Twins of fused operations, written with elementary ones: slower, the same to rounding.
namespace composed {
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
}

}  // namespace heed
