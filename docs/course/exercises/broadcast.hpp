#pragma once

#include <algorithm>

#include "tape.hpp"

/// Chapter 4: a small array used as a large one, and what that means for its gradient.
namespace course {

/// The shape of a and b together: sizes are compared from the last axis, 1 stretches to any size,
/// and an axis that one of them lacks counts as 1.
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  // walk from the last axis; two sizes that differ, neither of them 1, are an
  // std::invalid_argument
  BLANK;
}

/// A view of `a` in a larger shape. Nothing is copied: along a stretched axis the stride is 0.
inline Array broadcast_to(const Array& a, const Shape& shape) {
  // new axes in front and stretched axes have stride 0, all others keep theirs
  BLANK;
}

/// The way back: all elements of g that one element of this shape was copied to, summed.
inline Array sum_to(const Array& g, const Shape& shape) {
  // visit every element of g, and add it to the place that it came from: `broadcast_to` of
  // the sum knows that place
  BLANK;
}

inline Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  // forward a view, backward its sum
  BLANK;
}

// [operators]
/// Applies an operation of two tensors of one shape to any two that broadcast.
template <class Operation>
Tensor broadcast(const Tensor& a, const Tensor& b, Operation operation) {
  const Shape shape = broadcast_shape(a.shape(), b.shape());
  return operation(broadcast_to(a, shape), broadcast_to(b, shape));
}

inline Tensor operator+(const Tensor& a, const Tensor& b) { return broadcast(a, b, add); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return broadcast(a, b, mul); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return a + scale(b, -1); }
inline Tensor operator*(double factor, const Tensor& x) { return scale(x, factor); }
// [/operators]

/// The sum along one axis, which stays with size 1.
inline Tensor sum(const Tensor& x, int64_t axis) {
  // broadcasting's own two directions, the other way round
  BLANK;
}

}  // namespace course
