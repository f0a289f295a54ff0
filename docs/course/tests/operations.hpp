#pragma once

#include "arrays.hpp"

// The learner's own.
#include "tape.hpp"

/// Grades an operation on the tape: its result and every gradient, against heed's numbers.
namespace grade {

/// Known mistakes, by the name of the value that they show in: "y", or the gradient of an input,
/// "da" for "a".
using MistakesOf = std::map<std::string, Mistakes>;
using Operation = std::function<course::Tensor(const std::vector<course::Tensor>&)>;

/// The gradient of a variable that `backward` has filled in.
inline void same_gradient(const std::string& what, const course::Tensor& x, const Values& expected,
                          const Mistakes& mistakes = {}, double tolerance = 1e-9) {
  if (!x.grad().data) {
    if (count(expected.shape) == 0) return;
    fail(what, "no gradient has arrived", "`give` is not called for this input");
  }
  same(what, x.grad(), expected, mistakes, tolerance);
}

/// y = operation(inputs) and, after backward(y, g), the gradient "d" + name of each input, with
/// inputs and g row after row in memory, and then strided. `g`, `y` and the gradients are the
/// case's; each input is a variable if the case has its gradient, else a constant.
inline void operation(const std::string& name, const Case& one,
                      const std::vector<std::string>& inputs, const Operation& f,
                      const MistakesOf& mistakes = {}, double tolerance = 1e-9) {
  const auto known = [&](const std::string& key) {
    const auto found = mistakes.find(key);
    return found == mistakes.end() ? Mistakes{} : found->second;
  };
  for (const bool strided : {false, true}) {
    const std::string what = name + (one.name.empty() ? "" : " (" + one.name + ")") +
                             (strided ? ", of arrays that do not lie row after row" : "");
    std::vector<course::Tensor> x;
    for (const std::string& key : inputs) {
      const course::Array a = array_of(one[key], strided);
      x.push_back(one.has("d" + key) ? course::variable(a) : course::constant(a));
    }
    const course::Tensor y = f(x);
    holds(y.node != nullptr, what, "the result is not a tensor");
    same(what + ": the result", y.value(), one["y"], known("y"), tolerance);
    if (!one.has("g")) continue;
    course::backward(y, array_of(one["g"], strided));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const std::string key = "d" + inputs[i];
      if (!one.has(key)) continue;
      same_gradient(what + ": the gradient of " + inputs[i], x[i], one[key], known(key), tolerance);
    }
  }
}

}  // namespace grade
