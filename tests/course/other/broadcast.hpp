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
  if (a.size() < b.size()) return broadcast_shape(b, a);
  Shape shape = a;
  auto size = shape.rbegin();
  for (auto other = b.rbegin(); other != b.rend(); ++other, ++size) {
    if (*size == 1) *size = *other;
    if (*other != 1 && *other != *size) throw std::invalid_argument("these do not broadcast");
  }
  return shape;
  // end
}

/// A view of `a` in a larger shape. Nothing is copied: along a stretched axis the stride is 0.
inline Array broadcast_to(const Array& a, const Shape& shape) {
  // blank: new axes in front and stretched axes have stride 0, all others keep theirs
  const int64_t added = static_cast<int64_t>(shape.size()) - a.rank();
  Array view = a;
  view.strides.insert(view.strides.begin(), added, 0);
  view.shape.insert(view.shape.begin(), added, 1);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (view.shape[i] != shape[i]) view.strides[i] = 0;
    view.shape[i] = shape[i];
  }
  return view;
  // end
}

/// The way back: all elements of g that one element of this shape was copied to, summed.
inline Array sum_to(const Array& g, const Shape& shape) {
  // blank: visit every element of g, and add it to the place that it came from: `broadcast_to` of
  // blank: the sum knows that place
  // One axis after the other: the slices of an axis that was stretched are added up.
  Array total = copy(g);
  const std::size_t added = g.shape.size() - shape.size();
  for (std::size_t axis = 0; axis < g.shape.size(); ++axis) {
    if (axis >= added && shape[axis - added] == g.shape[axis]) continue;
    Shape one = total.shape;
    one[axis] = 1;
    Array sum = zeros(one);
    for (int64_t i = 0; i < total.shape[axis]; ++i) {
      sum = map(sum, slice(total, axis, i, i + 1), [](double a, double b) { return a + b; });
    }
    total = sum;
  }
  return reshape(total, shape);
  // end
}

inline Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  // blank: forward a view, backward its sum
  const auto spread = [x](const Array& g) { give(x, sum_to(g, x.shape())); };
  return record(broadcast_to(x.value(), shape), {x}, spread);
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
  Array total = copy(slice(x.value(), axis, 0, std::min<int64_t>(1, x.shape()[axis])));
  if (x.shape()[axis] == 0) {
    Shape one = x.shape();
    one[axis] = 1;
    total = zeros(one);
  }
  for (int64_t i = 1; i < x.shape()[axis]; ++i) {
    total = map(total, slice(x.value(), axis, i, i + 1), std::plus<>());
  }
  return record(total, {x}, [x, axis](const Array& g) {
    const Array d = zeros(x.shape());
    Shape index(g.shape.size(), 0);
    bool more = count(x.shape()) > 0;
    for (; more; more = next(index, x.shape())) {
      Shape from = index;
      from[axis] = 0;
      d.at(index) = g.at(from);
    }
    give(x, d);
  });
  // end
}

}  // namespace course
