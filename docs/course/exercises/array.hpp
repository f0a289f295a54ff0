#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "blank.hpp"

/// Chapter 1: numbers in a row, and the many ways to look at them.
namespace course {

/// The sizes of an array along its axes, or the place of an element in it.
using Shape = std::vector<int64_t>;

/// "[2, 3]".
inline std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

/// How many elements an array of this shape has; [] is one number.
inline int64_t count(const Shape& shape) {
  // the product of all sizes
  BLANK;
}

/// How far apart in memory two neighbours along each axis are, when rows lie one after the other:
/// the strides of [2, 3, 4] are [12, 4, 1].
inline Shape row_major_strides(const Shape& shape) {
  // the last stride is 1, and each one before is the next stride times the next size
  BLANK;
}

// [array]
/// A view of numbers that it may share with other arrays. Element [i, j, ...] is number
/// offset + i strides[0] + j strides[1] + ... of data.
struct Array {
  Shape shape;
  Shape strides;
  int64_t offset = 0;
  std::shared_ptr<std::vector<double>> data;

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  bool defined() const { return data != nullptr; }
  double& at(const Shape& index) const;
};
// [/array]

inline double& Array::at(const Shape& index) const {
  // the place of this element in data, by offset and strides
  BLANK;
}

/// An array of its own with these numbers, row after row.
inline Array array(const Shape& shape, std::vector<double> numbers) {
  if (static_cast<int64_t>(numbers.size()) != count(shape)) {
    throw std::invalid_argument("array: " + std::to_string(numbers.size()) + " numbers for " +
                                to_string(shape));
  }
  return {shape, row_major_strides(shape), 0,
          std::make_shared<std::vector<double>>(std::move(numbers))};
}

inline Array full(const Shape& shape, double number) {
  return array(shape, std::vector<double>(count(shape), number));
}

inline Array zeros(const Shape& shape) { return full(shape, 0); }

/// The same numbers with axes i and j exchanged. Nothing is copied.
inline Array transpose(const Array& a, int64_t i, int64_t j) {
  // a view of the same data, in which two sizes and two strides have changed places
  BLANK;
}

/// Elements begin to end - 1 along an axis. Nothing is copied.
inline Array slice(const Array& a, int64_t axis, int64_t begin, int64_t end) {
  // a view that starts later and is shorter along this axis
  BLANK;
}

/// Whether the elements lie row after row, with nothing between them.
inline bool is_contiguous(const Array& a) { return a.strides == row_major_strides(a.shape); }

/// The first number of an array that lies row after row.
inline double* numbers(const Array& a) { return a.data->data() + a.offset; }

// [next]
/// Moves an index on to the next element, the last axis first; false after the last one.
inline bool next(Shape& index, const Shape& shape) {
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (++index[i] < shape[i]) return true;
    index[i] = 0;
  }
  return false;
}
// [/next]

/// The same elements in an array of its own, row after row.
inline Array copy(const Array& a) {
  // Numbers that lie row after row are copied as they are.
  if (is_contiguous(a)) return array(a.shape, {numbers(a), numbers(a) + count(a.shape)});
  // visit each index by `next`, in order; an array of size 0 has none to visit
  BLANK;
}

/// `a` itself where its elements lie row after row, else a copy where they do.
inline Array contiguous(const Array& a) { return is_contiguous(a) ? a : copy(a); }

/// The same elements, in order, under another shape.
inline Array reshape(const Array& a, const Shape& shape) {
  // elements that do not lie row after row must be copied first
  BLANK;
}

// [map]
/// f of each element.
template <class F>
Array map(const Array& a, F f) {
  const Array x = contiguous(a);
  Array y = zeros(a.shape);
  for (int64_t i = 0, n = count(a.shape); i < n; ++i) numbers(y)[i] = f(numbers(x)[i]);
  return y;
}

/// f of each two elements of two arrays of one shape.
template <class F>
Array map(const Array& a, const Array& b, F f) {
  if (a.shape != b.shape) {
    throw std::invalid_argument("map: " + to_string(a.shape) + " and " + to_string(b.shape));
  }
  const Array x = contiguous(a), y = contiguous(b);
  Array z = zeros(a.shape);
  for (int64_t i = 0, n = count(a.shape); i < n; ++i) {
    numbers(z)[i] = f(numbers(x)[i], numbers(y)[i]);
  }
  return z;
}
// [/map]

}  // namespace course
