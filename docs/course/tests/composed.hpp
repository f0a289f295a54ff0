#pragma once

#include "operations.hpp"

/// Grades what is composed of operations that are graded already: its values, and that no gradient
/// is lost on the way.
namespace grade {

/// `operation`, for functions that call operations of the tape and record none themselves: where a
/// gradient does not arrive, the tape was left.
inline void composed(const std::string& name, const Case& one,
                     const std::vector<std::string>& inputs, const Operation& f,
                     const MistakesOf& mistakes = {}, double tolerance = 1e-9) {
  const auto known = mistakes.find("y");
  std::vector<course::Tensor> x;
  for (const std::string& key : inputs) {
    const course::Array a = contiguous_array(one[key]);
    x.push_back(one.has("d" + key) ? course::variable(a) : course::constant(a));
  }
  const course::Tensor y = f(x);
  holds(y.node != nullptr, name, "the result is not a tensor");
  same(name + " (" + one.name + "): the result", y.value(), one["y"],
       known == mistakes.end() ? Mistakes{} : known->second, tolerance);
  course::backward(y, contiguous_array(one["g"]));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool wanted = one.has("d" + inputs[i]) && count(one[inputs[i]].shape) > 0;
    holds(!wanted || x[i].grad().data, name + " (" + one.name + "): the gradient of " + inputs[i],
          "no gradient has arrived",
          "`value()`, or a `constant` of it, leaves the tape: work with the tensors themselves");
  }
  operation(name, one, inputs, f, mistakes, tolerance);
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
