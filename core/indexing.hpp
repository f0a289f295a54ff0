#pragma once

#include <initializer_list>
#include <span>

#include "tensor.hpp"

/// Reading and adding at indices, and finding them. An index out of range is an `IndexError` that
/// says which and where, and so is an axis; indices that are not int32 are a `TypeError`, shapes
/// that do not fit a `ShapeError`. Adding is done in a fixed order: the same bits for any number of
/// threads.
///
/// What is read is a copy: writing to a result (`index(x, {mask}).fill_(0)`) does not write to x.
/// Elements at a mask are written by `x.copy_(where(mask, y, x))` or
/// `x = masked_fill(x, mask, number)`, one row by `x[i].copy_(y)`, a part by `slice(...).copy_(y)`.
namespace heed {

/// y[i][j] = x[index[i][j]][j] for axis 0, and likewise for others. index: x's rank.
Tensor gather(const Tensor& x, int64_t axis, const Tensor& index);
/// The slices index[0], index[1], ... of `axis`. index: [N].
Tensor index_select(const Tensor& x, int64_t axis, const Tensor& index);
/// Rows of `weight` [V, E] for ids of any shape [...] -> [..., E]. The row `padding_index` gets no
/// gradient (-1: every row does). As torch.nn.functional.embedding, which has the ids first:
/// `TypeError` for these two exchanged, and for a weight that is not floating.
Tensor embedding(const Tensor& weight, const Tensor& ids, int64_t padding_index = -1);
/// x with source added: y[index[i][j]][j] += source[i][j] for axis 0. source: index's shape.
Tensor scatter_add(const Tensor& x, int64_t axis, const Tensor& index, const Tensor& source);

/// PyTorch's x[i, j, ...]: the elements at an index of each of the leading axes. `indices`: int32,
/// of shapes that broadcast to one, [...]; negative ones count from the end. A bool tensor stands
/// for the columns of its `nonzero` and as many axes, whose sizes it has: index(x, {mask}) is
/// x[mask]. x: [A, B, rest...] -> [..., rest...] for two. An element that is read twice gets both
/// gradients. `IndexError` for more indices than axes, `ShapeError` for none, for shapes that do
/// not broadcast and for a mask of other sizes, `TypeError` for indices neither int32 nor bool.
Tensor index(const Tensor& x, std::span<const Tensor> indices);
inline Tensor index(const Tensor& x, std::initializer_list<Tensor> indices) {
  return index(x, std::span<const Tensor>(indices.begin(), indices.size()));
}
/// The elements of x where the mask is true, in row-major order: [N]. mask: bool; the two
/// broadcast. As torch.masked_select.
Tensor masked_select(const Tensor& x, const Tensor& mask);
/// The indices (int32) of the elements that are not 0 (true, of a mask) in row-major order:
/// [N, rank]; no gradient. As torch.nonzero.
Tensor nonzero(const Tensor& x);
/// Rows of zeros with a 1 at ids[...]: [..., classes]; no gradient. `classes` -1: one more than the
/// largest id, `ShapeError` where there is none, and for other numbers below 1. As
/// torch.nn.functional.one_hot, which gives int64.
Tensor one_hot(const Tensor& ids, int64_t classes = -1, DType dtype = float32);

/// What `topk` finds; both have x's shape with k elements along the axis.
struct [[nodiscard]] TopK {
  /// x's numbers, through which the gradient flows back to the places they were taken from.
  Tensor values;
  /// Those places (int32), without gradient.
  Tensor indices;
};
/// The k largest elements of `axis`, or the smallest, in that order; of equal ones the first comes
/// first, and NaN counts as the largest. `IndexError` for k outside [0, size], `TypeError` for
/// bool. As torch.topk, which leaves the order of equal ones open.
TopK topk(const Tensor& x, int64_t k, int64_t axis = -1, bool largest = true);

/// What `sort` finds; both have x's shape.
struct [[nodiscard]] Sorted {
  /// x's numbers in order; the gradient flows back to the places they were taken from.
  Tensor values;
  /// Those places (int32), without gradient.
  Tensor indices;
};
/// The elements along `axis` in rising or falling order; equal ones stay in the order they have,
/// and NaN counts as the largest. Any element type. `IndexError` for an axis that x has not. As
/// torch.sort with stable=True.
Sorted sort(const Tensor& x, int64_t axis = -1, bool descending = false);
/// The indices of `sort`. As torch.argsort with stable=True.
Tensor argsort(const Tensor& x, int64_t axis = -1, bool descending = false);

/// n numbers (int32) of each row of `weights` [V] or [N, V] -> [n] or [N, n], as likely as the
/// weights are large, from `default_generator()`; no gradient. A row is finite, at least 0 and not
/// all 0 (`NumericError`); without `replacement` none is drawn twice, and there are n above 0.
/// `ShapeError` for another rank, `ConfigError` for n < 1. As torch.multinomial.
Tensor multinomial(const Tensor& weights, int64_t n, bool replacement = false);

}  // namespace heed
