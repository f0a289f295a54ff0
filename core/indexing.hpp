#pragma once

#include "tensor.hpp"

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

/// What `topk` finds; both have x's shape with k elements along the axis.
struct TopK {
  /// x's numbers, through which the gradient flows back to the places they were taken from.
  Tensor values;
  /// Those places (int32), without gradient.
  Tensor indices;
};
/// The k largest elements of `axis`, or the smallest, in that order; of equal ones the first comes
/// first, and NaN counts as the largest. `IndexError` for k outside [0, size]. As torch.topk, which
/// leaves the order of equal ones open.
TopK topk(const Tensor& x, int64_t k, int64_t axis = -1, bool largest = true);

}  // namespace heed
