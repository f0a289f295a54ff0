#pragma once

#include "tensor.hpp"

namespace heed {

/// Zeroes each element with probability `p` and scales the others by 1 / (1 - p) (Srivastava et al.
/// 2014). Draws its Philox counter from `default_generator()` when called; the backward pass
/// repeats the numbers from the counter, so that no mask is stored.
/// p in [0, 1), `ConfigError` otherwise.
Tensor dropout(const Tensor& x, double p);

/// dropout(relu(x), p) in one pass, which keeps its result alone: what it dropped is 0 there.
Tensor dropout_relu(const Tensor& x, double p);

/// x + dropout(y, p) in one pass. `ShapeError` unless x and y have one shape.
Tensor add_dropout(const Tensor& x, const Tensor& y, double p);

}  // namespace heed
