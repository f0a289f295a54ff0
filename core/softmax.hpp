#pragma once

#include "tensor.hpp"

namespace heed {

/// exp(x_i) / sum_j exp(x_j) along `axis`. `keep` (bool, broadcast to x; true = keep) excludes the
/// other elements, which get 0; a row that keeps nothing gives zeros, not NaN.
Tensor softmax(const Tensor& x, int64_t axis = -1, const Tensor& keep = {});
/// The Euclidean projection of each row along `axis` onto the probabilities, max(x_i - t, 0) with
/// the t that makes it sum to 1: weights that can be exactly 0. `keep` as in `softmax`. Martins and
/// Astudillo 2016 (arXiv 1602.02068), eq. (1) and Algorithm 1.
Tensor sparsemax(const Tensor& x, int64_t axis = -1, const Tensor& keep = {});
/// log(softmax(x)); excluded elements get -inf, a row that keeps nothing gives zeros.
Tensor log_softmax(const Tensor& x, int64_t axis = -1, const Tensor& keep = {});

}  // namespace heed
