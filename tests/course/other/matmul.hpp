#pragma once

#include "blas.hpp"
#include "views.hpp"

/// Chapter 5: the one operation that nearly all the time goes to.
namespace course {

/// c [M, N] += a [M, K] b [K, N], by plain loops over views of any strides.
inline void add_product(const Array& a, const Array& b, const Array& c) {
  // blank: c[m, n] += a[m, k] b[k, n], three loops; let n be the innermost, so that b and c are
  // blank: read as they lie
  // Each element of c is a row of a times a column of b.
  for (Shape at{0, 0}; at[0] < c.shape[0] && at[1] < c.shape[1];) {
    double dot = 0;
    for (int64_t k = 0; k < a.shape[1]; ++k) dot += a.at({at[0], k}) * b.at({k, at[1]});
    c.at(at) += dot;
    if (!next(at, c.shape)) break;
  }
  // end
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
  // blank: for y = a b and g = d loss / d y: d a = g b^T, d b = a^T g, over the last two axes
  return record(product(a.value(), b.value()), {a, b}, [=](const Array& g) {
    const auto turned = [](const Array& m) { return transpose(m, m.rank() - 2, m.rank() - 1); };
    give(b, turned(product(turned(g), a.value())));
    give(a, turned(product(b.value(), turned(g))));
  });
  // end
}

/// a [..., M, K] times b [..., K, N], whose axes in front broadcast.
inline Tensor matmul(const Tensor& a, const Tensor& b) {
  // blank: make the axes in front the same by `broadcast_to`, then multiply. Sizes that do not fit
  // blank: are an std::invalid_argument that shows both shapes
  const std::string both = to_string(a.shape()) + " and " + to_string(b.shape());
  if (std::min(a.value().rank(), b.value().rank()) < 2) throw std::invalid_argument(both);
  if (a.shape().back() != *(b.shape().end() - 2)) throw std::invalid_argument(both);
  Shape x = a.shape(), y = b.shape();
  x.resize(x.size() - 2);
  y.resize(y.size() - 2);
  Shape left = broadcast_shape(x, y), right = left;
  for (std::size_t i = 2; i > 0; --i) {
    left.push_back(a.shape()[a.shape().size() - i]);
    right.push_back(b.shape()[b.shape().size() - i]);
  }
  return batched_product(broadcast_to(a, left), broadcast_to(b, right));
  // end
}

}  // namespace course
