#pragma once

#include "operations.hpp"

/// Grades what is composed of operations that are graded already: its values, and that no gradient
/// is lost on the way.
namespace grade {

/// What is likely where the values of a composed function are right and a gradient is not.
inline const std::string way_back =
    "the values are right, so it is a way back that is missing: is a number taken out of a tensor "
    "by `value()`? If not, is an earlier chapter no longer solved? (tools/course verify)";

/// `operation`, for functions that call operations of the tape and record none themselves.
inline void composed(const std::string& name, const Case& one,
                     const std::vector<std::string>& inputs, const Operation& f,
                     const MistakesOf& mistakes = {}, double tolerance = 1e-9) {
  operation(name, one, inputs, f, mistakes, tolerance, way_back);
}

/// Elements begin to end - 1 of the last axis.
inline Values last_axis(const Values& x, int64_t begin, int64_t end) {
  Values y{x.shape, {}};
  y.shape.back() = end - begin;
  const int64_t n = x.shape.back(), rows = n ? count(x.shape) / n : 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t i = begin; i < end; ++i) y.numbers.push_back(x.numbers[r * n + i]);
  }
  return y;
}

/// f of the elements at one place of several values of one shape.
template <class F>
Values each(const std::vector<Values>& x, F f) {
  Values y{x.at(0).shape, {}};
  for (std::size_t i = 0; i < x[0].numbers.size(); ++i) {
    std::vector<double> at;
    for (const Values& one : x) at.push_back(one.numbers[i]);
    y.numbers.push_back(f(at));
  }
  return y;
}

}  // namespace grade
