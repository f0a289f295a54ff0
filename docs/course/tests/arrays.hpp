#pragma once

#include "grade.hpp"

// The learner's own.
#include "array.hpp"

/// Between the grader's numbers and the learner's arrays. Nothing here calls what a learner writes.
namespace grade {

inline course::Shape strides_of(const std::vector<int64_t>& shape) {
  course::Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// The elements of an array, row after row. A view that points outside its numbers is a failure.
inline Values values_of(const std::string& what, const course::Array& a) {
  if (!a.data) fail(what, "the array has no numbers: `data` is empty");
  if (a.strides.size() != a.shape.size()) {
    fail(what, "the array has " + std::to_string(a.shape.size()) + " sizes and " +
                   std::to_string(a.strides.size()) + " strides");
  }
  Values x{a.shape, {}};
  const int64_t n = count(a.shape);
  for (int64_t i = 0; i < n; ++i) {
    int64_t place = a.offset, rest = i;
    for (std::size_t axis = a.shape.size(); axis-- > 0;) {
      place += rest % a.shape[axis] * a.strides[axis];
      rest /= a.shape[axis];
    }
    if (place < 0 || place >= static_cast<int64_t>(a.data->size())) {
      fail(what, "the view points at number " + std::to_string(place) + " of " +
                     std::to_string(a.data->size()));
    }
    x.numbers.push_back((*a.data)[place]);
  }
  return x;
}

inline course::Array contiguous_array(const Values& x) {
  return {x.shape, strides_of(x.shape), 0, std::make_shared<std::vector<double>>(x.numbers)};
}

/// The same elements with the last axis outermost in memory, two apart, after three other numbers.
inline course::Array strided_array(const Values& x) {
  std::vector<int64_t> reversed(x.shape.rbegin(), x.shape.rend());
  course::Shape strides = strides_of(reversed);
  std::reverse(strides.begin(), strides.end());
  for (int64_t& stride : strides) stride *= 2;
  course::Array a{x.shape, strides, 3,
                  std::make_shared<std::vector<double>>(3 + 2 * x.numbers.size(), 99.0)};
  for (std::size_t i = 0; i < x.numbers.size(); ++i) {
    int64_t place = a.offset, rest = static_cast<int64_t>(i);
    for (std::size_t axis = x.shape.size(); axis-- > 0;) {
      place += rest % x.shape[axis] * strides[axis];
      rest /= x.shape[axis];
    }
    (*a.data)[place] = x.numbers[i];
  }
  return a;
}

/// An array in memory of one of the two kinds.
inline course::Array array_of(const Values& x, bool strided) {
  return strided ? strided_array(x) : contiguous_array(x);
}

inline void same(const std::string& what, const course::Array& got, const Values& expected,
                 const Mistakes& mistakes = {}, double tolerance = 1e-9) {
  same(what, values_of(what, got), expected, mistakes, tolerance);
}

}  // namespace grade
