#pragma once

#include "dropout.hpp"
#include "linear.hpp"

namespace heed {

/// relu, max(0, x); gelu, x Phi(x) (Hendrycks and Gimpel 2016); swish, x sigmoid(x) (Ramachandran,
/// Zoph and Le 2017), PyTorch's silu.
enum class Activation { relu, gelu, swish };

Tensor activate(Activation activation, const Tensor& x);

/// Sizes of a FeedForward: D outside, F inside; `dropout` acts on the inner layer, in training;
/// without `bias` there is neither b_1 nor b_2.
struct FeedForwardConfig {
  int64_t size = 0, inner = 0;
  Activation activation = Activation::relu;
  double dropout = 0;
  bool bias = true;
};

/// Position-wise feed-forward network, FFN(x) = max(0, x W_1 + b_1) W_2 + b_2, with another
/// activation on demand.   x: [..., D] -> [..., D]. Vaswani et al. 2017, section 3.3, eq. (2). The
/// names are those of torch.nn.TransformerEncoderLayer: linear1, linear2.
struct FeedForward {
  FeedForwardConfig config;
  Linear linear1, linear2;
  Dropout dropout;

  explicit FeedForward(FeedForwardConfig sizes);
  Tensor operator()(const Tensor& x) const;
  void members(Members& m) { m("linear1", linear1)("linear2", linear2)("dropout", dropout); }
};

}  // namespace heed
