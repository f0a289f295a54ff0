#pragma once

#include "tensor.hpp"

namespace heed {

/// Matrix product of the last two axes, leading axes broadcast; a vector counts as a row (first) or
/// a column (second) that disappears again. [..., M, K] x [..., K, N] -> [..., M, N].
Tensor matmul(const Tensor& a, const Tensor& b);

/// y = x W^T + b.  x: [..., I], weight: [O, I], bias: [O] or undefined -> [..., O].
/// The weight's gradient is added in place by the product itself. As torch.nn.functional.linear.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

}  // namespace heed
