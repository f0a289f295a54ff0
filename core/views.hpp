#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "tensor.hpp"

/// Operations that rearrange elements. All but `cat`, `stack`, `flip` (and `reshape` where strides
/// cannot express it) are views. Axes may be negative.
namespace heed {

/// One size may be -1.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor transpose(const Tensor& x, int64_t axis_a, int64_t axis_b);
Tensor permute(const Tensor& x, const Axes& axes);
/// Elements start, start + step, ... before stop of `axis`, clipped as in Python.
Tensor slice(const Tensor& x, int64_t axis, int64_t start, int64_t stop, int64_t step = 1);
/// Element `index` of `axis`, which disappears.
Tensor select(const Tensor& x, int64_t axis, int64_t index);
Tensor expand(const Tensor& x, const Shape& shape);
Tensor squeeze(const Tensor& x, int64_t axis);
Tensor unsqueeze(const Tensor& x, int64_t axis);
/// Pieces of `size` along `axis`, the last one maybe smaller.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t axis);
/// Joined along an axis that exists, and along a new one.
Tensor cat(std::span<const Tensor> parts, int64_t axis);
Tensor stack(std::span<const Tensor> parts, int64_t axis);
inline Tensor cat(std::initializer_list<Tensor> parts, int64_t axis) {
  return cat(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}
inline Tensor stack(std::initializer_list<Tensor> parts, int64_t axis) {
  return stack(std::span<const Tensor>(parts.begin(), parts.size()), axis);
}
/// The elements of each of `axes` in reverse order;
/// `ShapeError` for one listed twice. As torch.flip.
Tensor flip(const Tensor& x, const Axes& axes);

}  // namespace heed
