#pragma once

#include <algorithm>

#include "tape.hpp"

/// Chapter 4: a small array used as a large one, and what that means for its gradient.
namespace course {

/// The shape of a and b together: sizes are compared from the last axis, 1 stretches to any size,
/// and an axis that one of them lacks counts as 1.
inline Shape broadcast_shape(const Shape& a, const Shape& b) {
  // blank: walk from the last axis; two sizes that differ, neither of them 1, are an
  // blank: std::invalid_argument
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t i = 1; i <= shape.size(); ++i) {
    const int64_t m = i <= a.size() ? a[a.size() - i] : 1;
    const int64_t n = i <= b.size() ? b[b.size() - i] : 1;
    if (m != n && m != 1 && n != 1) {
      throw std::invalid_argument("shapes " + to_string(a) + " and " + to_string(b) +
                                  " do not broadcast");
    }
    shape[shape.size() - i] = m == 1 ? n : m;
  }
  return shape;
  // end
}

/// A view of `a` in a larger shape. Nothing is copied: along a stretched axis the stride is 0.
inline Array broadcast_to(const Array& a, const Shape& shape) {
  // blank: new axes in front and stretched axes have stride 0, all others keep theirs
  Array view = a;
  view.shape = shape;
  view.strides.assign(shape.size(), 0);
  const std::size_t added = shape.size() - a.shape.size();
  for (std::size_t i = 0; i < a.shape.size(); ++i) {
    if (a.shape[i] == shape[added + i]) view.strides[added + i] = a.strides[i];
  }
  return view;
  // end
}

/// The way back: all elements of g that one element of this shape was copied to, summed.
inline Array sum_to(const Array& g, const Shape& shape) {
  // blank: visit every element of g, and add it to the place that it came from: `broadcast_to` of
  // blank: the sum knows that place
  const Array total = zeros(shape);
  const Array view = broadcast_to(total, g.shape);
  Shape index(g.shape.size(), 0);
  if (count(g.shape) > 0) {
    do view.at(index) += g.at(index);
    while (next(index, g.shape));
  }
  return total;
  // end
}

inline Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  // blank: forward a view, backward its sum
  if (x.shape() == shape) return x;
  return record(broadcast_to(x.value(), shape), {x},
                [x](const Array& g) { give(x, sum_to(g, x.shape())); });
  // end
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
  // blank: broadcasting's own two directions, the other way round
  Shape shape = x.shape();
  shape[axis] = 1;
  return record(sum_to(x.value(), shape), {x},
                [x](const Array& g) { give(x, broadcast_to(g, x.shape())); });
  // end
}

}  // namespace course
