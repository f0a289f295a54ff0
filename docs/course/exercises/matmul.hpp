#pragma once

#include "blas.hpp"
#include "views.hpp"

/// Chapter 5: the one operation that nearly all the time goes to.
namespace course {

/// c [M, N] += a [M, K] b [K, N], by plain loops over views of any strides.
inline void add_product(const Array& a, const Array& b, const Array& c) {
  // c[m, n] += a[m, k] b[k, n], three loops; let n be the innermost, so that b and c are
  // read as they lie
  BLANK;
}

// [batched]
/// Matrix i of a batch [..., M, K], the axes before the last two counted as one.
inline Array matrix(const Array& a, int64_t i) {
  Array view = a;
  for (int64_t axis = a.rank() - 3; axis >= 0; --axis) {
    view.offset += i % a.shape[axis] * a.strides[axis];
    i /= a.shape[axis];
  }
  view.shape.erase(view.shape.begin(), view.shape.end() - 2);
  view.strides.erase(view.strides.begin(), view.strides.end() - 2);
  return view;
}

/// a [..., M, K] times b [..., K, N], matrix by matrix; the axes in front are the same.
inline Array product(const Array& a, const Array& b) {
  Shape shape = a.shape;
  shape.back() = b.shape.back();
  const Array c = zeros(shape);
  const int64_t batch = count(Shape(shape.begin(), shape.end() - 2));
  for (int64_t i = 0; i < batch; ++i) {
    const Array x = matrix(a, i), y = matrix(b, i), z = matrix(c, i);
    if (!blas_product(x, y, z)) add_product(x, y, z);
  }
  return c;
}
// [/batched]

/// The product of two tensors whose axes in front are the same.
inline Tensor batched_product(const Tensor& a, const Tensor& b) {
  // for y = a b and g = d loss / d y: d a = g b^T, d b = a^T g, over the last two axes
  BLANK;
}

/// a [..., M, K] times b [..., K, N], whose axes in front broadcast.
inline Tensor matmul(const Tensor& a, const Tensor& b) {
  // make the axes in front the same by `broadcast_to`, then multiply. Sizes that do not fit
  // are an std::invalid_argument that shows both shapes
  BLANK;
}

}  // namespace course
