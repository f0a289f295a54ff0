#pragma once

#include "../array.hpp"
#include "../parallel.hpp"
#include "dispatch.hpp"

namespace heed::kernels {

/// Number of rows (vectors along the last axis) that a thread takes at a time, by their length.
inline int64_t rows_at_a_time(int64_t length) { return at_a_time(length, 4096); }

/// Product of the sizes of the axes begin, ..., end - 1.
inline int64_t extent(const Shape& shape, int begin, int end) {
  int64_t product = 1;
  for (int axis = begin; axis < end; ++axis) product *= shape[axis];
  return product;
}

/// Product of all sizes but the last.
inline int64_t row_count(const Array& x) { return extent(x.shape(), 0, x.rank() - 1); }

/// `x` itself where each of its rows is contiguous (or it is undefined), else a contiguous copy.
inline Array with_contiguous_rows(const Array& x) {
  if (!x.defined() || x.rank() == 0 || x.shape().back() <= 1) return x;
  return x.strides().back() == 1 ? x : x.contiguous();
}

/// The rows of an array whose last axis is contiguous; the other axes may have any strides.
template <class T>
class Rows {
 public:
  /// An undefined array gives null pointers.
  explicit Rows(const Array& x) {
    if (!x.defined()) return;
    data_ = x.data<T>();
    for (int axis = 0; axis + 1 < x.rank(); ++axis) {
      if (x.shape()[axis] == 1) continue;
      append(x.shape()[axis], x.strides()[axis]);
    }
  }

  T* operator[](int64_t row) const {
    if (sizes_.rank() == 1) return data_ + row * strides_[0];
    if (sizes_.empty()) return data_;
    int64_t offset = 0;
    for (int axis = sizes_.rank() - 1; axis >= 0; --axis) {
      offset += row % sizes_[axis] * strides_[axis];
      row /= sizes_[axis];
    }
    return data_ + offset;
  }

 private:
  /// Adds an axis, joined to the one before where the two step evenly.
  void append(int64_t size, int64_t stride) {
    const int last = sizes_.rank() - 1;
    if (last >= 0 && strides_[last] == size * stride) {
      sizes_[last] *= size;
      strides_[last] = stride;
    } else {
      sizes_.push_back(size);
      strides_.push_back(stride);
    }
  }

  T* data_ = nullptr;
  Shape sizes_, strides_;
};

}  // namespace heed::kernels
