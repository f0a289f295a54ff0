#include "ordered.hpp"

#include <algorithm>
#include <vector>

#include "../loops/scans.hpp"
#include "../parallel.hpp"
#include "row_access.hpp"

namespace heed::kernels {

namespace {

/// Columns of one task of a running sum.
constexpr int64_t column_block = 256;

template <class T>
void cumsum_as(const Array& x, int axis, bool reverse, const Array& y) {
  const int64_t n = x.shape()[axis], outer = extent(x.shape(), 0, axis);
  const int64_t inner = extent(x.shape(), axis + 1, x.rank());
  const int64_t blocks = (inner + column_block - 1) / column_block;
  const int64_t cost = n * std::min(inner, column_block);
  const auto loop = loops::scan_loops().of<T>().cumsum;
  parallel_for(outer * blocks, std::max<int64_t>(1, 16384 / cost), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t column = task % blocks * column_block;
      const int64_t first = (task / blocks * n + (reverse ? n - 1 : 0)) * inner + column;
      loop(n, std::min(inner - column, column_block), x.data<T>() + first, y.data<T>() + first,
           reverse ? -inner : inner);
    }
  });
}

}  // namespace

Array cumsum(const Array& x_in, int axis, bool reverse) {
  const Array x = x_in.contiguous();
  Array y = Array::empty(x.shape(), x.dtype());
  if (x.numel() == 0) return y;
  for_floating(x.dtype(), [&]<class T>(T) { cumsum_as<T>(x, axis, reverse, y); });
  return y;
}

namespace {

/// Of the elements before each one times those after it. x and y: dense rows.
template <class T>
void products_of_others_as(const Array& x, const Array& y) {
  const Rows<T> from(x), to(y);
  const int64_t n = x.shape().back();
  parallel_for(row_count(x), rows_at_a_time(n), [&](int64_t begin, int64_t end) {
    std::vector<double> before(static_cast<std::size_t>(n));
    for (int64_t row = begin; row < end; ++row) {
      const T* values = from[row];
      double product = 1;
      for (int64_t i = 0; i < n; ++i) {
        before[static_cast<std::size_t>(i)] = product;
        product *= static_cast<double>(values[i]);
      }
      double after = 1;
      for (int64_t i = n - 1; i >= 0; --i) {
        to[row][i] = static_cast<T>(before[static_cast<std::size_t>(i)] * after);
        after *= static_cast<double>(values[i]);
      }
    }
  });
}

}  // namespace

Array products_of_others(const Array& x_in) {
  const Array x = with_contiguous_rows(x_in);
  Array y = Array::empty(x.shape(), x.dtype());
  if (x.numel() == 0) return y;
  for_floating(x.dtype(), [&]<class T>(T) { products_of_others_as<T>(x, y); });
  return y;
}

Array flip(const Array& x, const Axes& axes) {
  Shape strides = x.strides();
  int64_t offset = x.offset();
  for (const int64_t axis_in : axes) {
    const int axis = static_cast<int>(axis_in);
    if (x.shape()[axis] > 0) offset += (x.shape()[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  return x.view_as(x.shape(), strides, offset).clone();
}

namespace {

/// Is the element at a before the one at b, and does a total order: equal ones by their place.
template <class T>
bool comes_first(const T* x, int32_t a, int32_t b, bool largest) {
  const bool nan_a = x[a] != x[a], nan_b = x[b] != x[b];
  if (nan_a != nan_b) return nan_a == largest;
  if (nan_a || x[a] == x[b]) return a < b;
  return (x[a] > x[b]) == largest;
}

/// x and y: the rows whose elements are ordered.
template <class T>
void topk_rows(const Array& x, int64_t k, bool largest, const Array& y) {
  const Rows<T> from(x);
  const Rows<int32_t> to(y);
  const int64_t n = x.shape().back();
  parallel_for(row_count(x), rows_at_a_time(n), [&](int64_t begin, int64_t end) {
    std::vector<int32_t> order(static_cast<std::size_t>(n));
    for (int64_t row = begin; row < end; ++row) {
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
      const T* values = from[row];
      const auto before = [=](int32_t a, int32_t b) { return comes_first(values, a, b, largest); };
      if (k == n) {
        std::sort(order.begin(), order.end(), before);
      } else {
        std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
      }
      std::copy_n(order.begin(), k, to[row]);
    }
  });
}

}  // namespace

Array topk_indices(const Array& x, int axis, int64_t k, bool largest) {
  const Array rows = with_contiguous_rows(x.transpose(axis, -1));
  Shape shape = rows.shape();
  shape[shape.rank() - 1] = k;
  const Array indices = Array::empty(shape, int32);
  if (indices.numel() > 0) {
    for_element(x.dtype(), [&]<class T>(T) { topk_rows<T>(rows, k, largest, indices); });
  }
  return indices.transpose(axis, -1).contiguous();
}

}  // namespace heed::kernels
