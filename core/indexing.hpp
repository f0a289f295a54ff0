#pragma once

#include <heed/core/tensor.hpp>

/// Reading and adding at indices (int32). An index out of range is an `IndexError` that says which
/// and where. Adding is done in a fixed order: the same bits for any number of threads.
namespace heed {

/// y[i][j] = x[index[i][j]][j] for axis 0, and likewise for others. index: x's rank.
Tensor gather(const Tensor& x, int64_t axis, const Tensor& index);
/// The slices index[0], index[1], ... of `axis`. index: [N].
Tensor index_select(const Tensor& x, int64_t axis, const Tensor& index);
/// Rows of `weight` [V, E] for ids of any shape [...] -> [..., E]. The row `padding_index` gets no
/// gradient (-1: every row does).
Tensor embedding(const Tensor& weight, const Tensor& ids, int64_t padding_index = -1);
/// x with source added: y[index[i][j]][j] += source[i][j] for axis 0. source: index's shape.
Tensor scatter_add(const Tensor& x, int64_t axis, const Tensor& index, const Tensor& source);

}  // namespace heed
