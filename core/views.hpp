#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "tensor.hpp"

/// Operations that rearrange elements. All but `cat`, `stack`, `flip`, `repeat`, `pad` (and
/// `reshape` where strides cannot express it) are views. Axes may be negative.
namespace heed {

/// One size may be -1.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor transpose(const Tensor& x, int64_t axis_a, int64_t axis_b);
Tensor permute(const Tensor& x, const Axes& axes);
/// Elements start, start + step, ... before stop of `axis`, clipped as in Python.
Tensor slice(const Tensor& x, int64_t axis, int64_t start, int64_t stop, int64_t step = 1);
/// Element `index` of `axis`, which disappears.
Tensor select(const Tensor& x, int64_t axis, int64_t index);
/// x, seen as often as `shape` has it, by NumPy's rules; -1 keeps the size of one of x's axes.
Tensor expand(const Tensor& x, const Shape& shape);
Tensor squeeze(const Tensor& x, int64_t axis);
Tensor unsqueeze(const Tensor& x, int64_t axis);
/// Pieces of `size` along `axis`, the last one maybe smaller.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t axis = 0);
/// At most `chunks` pieces of one size along `axis`, the last one maybe smaller; of an axis of size
/// 0 as many empty ones. As torch.chunk.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t axis = 0);
/// Joined along an axis that exists, and along a new one, with the parts' common element type.
Tensor cat(std::span<const Tensor> parts, int64_t axis = 0);
Tensor stack(std::span<const Tensor> parts, int64_t axis = 0);
inline Tensor cat(std::initializer_list<Tensor> parts, int64_t axis = 0) {
  return cat(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}
inline Tensor stack(std::initializer_list<Tensor> parts, int64_t axis = 0) {
  return stack(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}
/// The elements of each of `axes` in reverse order;
/// `ShapeError` for one listed twice. As torch.flip.
Tensor flip(const Tensor& x, const Axes& axes);
/// A copy of x with `repeats[i]` of it one after the other along axis i; where there are more
/// numbers than axes, x gets axes of size 1 in front. `ShapeError` for fewer numbers than axes and
/// for negative ones. As torch.Tensor.repeat.
Tensor repeat(const Tensor& x, const Shape& repeats);
/// A copy of x between elements that are `value`: `sides` says how many before and after those of
/// the last axis, then of the axis before, {left, right, top, bottom, ...}; a negative number takes
/// elements of x away. `ShapeError` for half a pair, for more pairs than axes, and where more is
/// taken than there is. As torch.nn.functional.pad.
Tensor pad(const Tensor& x, const std::vector<int64_t>& sides, double value = 0);

}  // namespace heed
