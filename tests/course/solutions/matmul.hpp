#pragma once

#include "blas.hpp"
#include "views.hpp"

/// Chapter 5: the one operation that nearly all the time goes to.
namespace course {

/// c [M, N] += a [M, K] b [K, N], by plain loops over views of any strides.
inline void add_product(const Array& a, const Array& b, const Array& c) {
  // blank: c[m, n] += a[m, k] b[k, n], three loops; let n be the innermost, so that b and c are
  // blank: read as they lie
  const int64_t M = a.shape[0], K = a.shape[1], N = b.shape[1];
  for (int64_t m = 0; m < M; ++m) {
    double* row = numbers(c) + m * c.strides[0];
    for (int64_t k = 0; k < K; ++k) {
      const double factor = numbers(a)[m * a.strides[0] + k * a.strides[1]];
      const double* other = numbers(b) + k * b.strides[0];
      for (int64_t n = 0; n < N; ++n) row[n * c.strides[1]] += factor * other[n * b.strides[1]];
    }
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
  const Array x = a.value(), z = b.value();
  return record(product(x, z), {a, b}, [a, b, x, z](const Array& g) {
    const int64_t last = g.rank() - 1;
    give(a, product(g, transpose(z, last - 1, last)));
    give(b, product(transpose(x, last - 1, last), g));
  });
  // end
}

/// a [..., M, K] times b [..., K, N], whose axes in front broadcast.
inline Tensor matmul(const Tensor& a, const Tensor& b) {
  // blank: make the axes in front the same by `broadcast_to`, then multiply. Sizes that do not fit
  // blank: are an std::invalid_argument that shows both shapes
  if (a.shape().size() < 2 || b.shape().size() < 2 ||
      a.shape().back() != b.shape()[b.shape().size() - 2]) {
    throw std::invalid_argument("matmul: " + to_string(a.shape()) + " times " +
                                to_string(b.shape()));
  }
  const Shape front = broadcast_shape(Shape(a.shape().begin(), a.shape().end() - 2),
                                      Shape(b.shape().begin(), b.shape().end() - 2));
  const auto with_front = [&front](const Tensor& x) {
    Shape shape = front;
    shape.insert(shape.end(), x.shape().end() - 2, x.shape().end());
    return broadcast_to(x, shape);
  };
  return batched_product(with_front(a), with_front(b));
  // end
}

}  // namespace course
