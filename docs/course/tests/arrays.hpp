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

/// The elements of x in `room` numbers of memory, by these strides and this offset.
inline course::Array laid_out(const Values& x, const course::Shape& strides, int64_t offset,
                              std::size_t room) {
  course::Array a{x.shape, strides, offset, std::make_shared<std::vector<double>>(room, 99.0)};
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

/// The strides of a shape when the last axis is outermost in memory.
inline course::Shape turned_strides(const std::vector<int64_t>& shape) {
  course::Shape strides = strides_of({shape.rbegin(), shape.rend()});
  std::reverse(strides.begin(), strides.end());
  return strides;
}

/// The same elements with the last axis outermost in memory, two apart, after three other numbers.
inline course::Array strided_array(const Values& x) {
  course::Shape strides = turned_strides(x.shape);
  for (int64_t& stride : strides) stride *= 2;
  return laid_out(x, strides, 3, 3 + 2 * x.numbers.size());
}

/// The same elements with the last axis outermost in memory, and nothing before or between them.
inline course::Array turned_array(const Values& x) {
  return laid_out(x, turned_strides(x.shape), 0, x.numbers.size());
}

/// The same elements in a table whose rows are one number longer: each row lies in one piece.
inline course::Array part_array(const Values& x) {
  std::vector<int64_t> table = x.shape;
  if (!table.empty()) ++table.back();
  return laid_out(x, strides_of(table), 0, count(table));
}

/// An array in memory of one of the two kinds.
inline course::Array array_of(const Values& x, bool strided) {
  return strided ? strided_array(x) : contiguous_array(x);
}

/// `same` for an array.
inline void same(const std::string& what, const course::Array& got, const Values& expected,
                 const Mistakes& mistakes = {}, double tolerance = 1e-9) {
  same(what, values_of(what, got), expected, mistakes, tolerance);
}

}  // namespace grade
