#pragma once

#include <heed/core/tensor.hpp>

namespace heed {

/// exp(x_i) / sum_j exp(x_j) along `axis`. `keep` (bool, broadcast to x; true = keep) excludes the
/// other elements, which get 0; a row that keeps nothing gives zeros, not NaN.
Tensor softmax(const Tensor& x, int64_t axis = -1, const Tensor& keep = {});
/// log(softmax(x)); excluded elements get -inf, a row that keeps nothing gives zeros.
Tensor log_softmax(const Tensor& x, int64_t axis = -1, const Tensor& keep = {});

}  // namespace heed
