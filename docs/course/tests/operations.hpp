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
/// How the elements of an array lie in memory: `contiguous_array`, or another.
using Layout = course::Array (*)(const Values&);

/// What stands behind a result on the tape.
struct Behind {
  std::unordered_set<const course::Node*> nodes;
  std::vector<std::vector<double>> constants;  ///< their numbers, in the order they are met
};

inline Behind behind(const course::Tensor& y) {
  Behind found;
  std::vector<const course::Node*> left = {y.node.get()};
  while (!left.empty()) {
    const course::Node* node = left.back();
    left.pop_back();
    if (!node || !found.nodes.insert(node).second) continue;
    if (!node->needs_grad && node->value.data) found.constants.push_back(*node->value.data);
    for (const auto& input : node->inputs) left.push_back(input.get());
  }
  return found;
}

/// Other numbers near those of x.
inline Values moved(const Values& x) {
  Values y = x;
  const Values by = random(x.shape, 23);
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] += 0.1 * by.numbers[i];
  return y;
}

/// Whether a constant behind a result depends on a variable: there its tape is cut. `before` and
/// `after` are of the same function, of two values of the variable.
inline bool is_cut(const Behind& before, const Behind& after) {
  return before.constants.size() == after.constants.size() && before.constants != after.constants;
}

inline const std::string cut =
    "a part of this gradient is missing: somewhere in the formula `value()`, or a `constant` of "
    "it, leaves the tape. Work with the tensors themselves";
inline const std::string row_after_row =
    "with elements that lie row after row it is right: go by strides and offset, as `at` does, or "
    "take `contiguous` first";

/// What is likely where no gradient has arrived at x, which y was made of.
inline std::string lost(const course::Tensor& y, const course::Tensor& x) {
  if (behind(y).nodes.count(x.node.get())) {
    return "the tape leads to this input, but on the way back `give` is not called for it";
  }
  return "no tape leads to this input: `value()`, or a `constant` of it, leaves the tape, or "
         "`record` was not told of it. Work with the tensors themselves";
}

/// The gradient of a variable that `backward` has filled in.
inline void same_gradient(const std::string& what, const course::Tensor& x, const Values& expected,
                          const Mistakes& mistakes = {}, double tolerance = 1e-9,
                          const std::string& likely = "") {
  if (!x.grad().data) {
    if (count(expected.shape) == 0) return;
    fail(what, "no gradient has arrived", likely);
  }
  same(what, x.grad(), expected, mistakes, tolerance);
}

/// Overwrites what an operation was given besides tensors.
using Overwrite = std::function<void()>;

inline const std::string by_reference =
    "what the caller passed is captured by reference, and the caller has since put something else "
    "there: keep a copy, [x] and not [&x] or [&]";

/// An operation, and how it is graded.
struct Graded {
  const Case& one;
  const std::vector<std::string>& inputs;
  const Operation& f;
  const MistakesOf& mistakes;
  double tolerance;
  std::string otherwise;  ///< what is likely where a gradient is wrong and nothing else fits
  Overwrite overwrite;

  Mistakes known(const std::string& key) const {
    const auto found = mistakes.find(key);
    return found == mistakes.end() ? Mistakes{} : found->second;
  }

  course::Tensor tensor(const std::string& key, const Values& x, Layout layout) const {
    const course::Array a = layout(x);
    return one.has("d" + key) ? course::variable(a) : course::constant(a);
  }

  std::vector<course::Tensor> tensors(Layout layout, const std::string& other = "") const {
    std::vector<course::Tensor> x;
    for (const std::string& key : inputs) {
      x.push_back(tensor(key, key == other ? moved(one[key]) : one[key], layout));
    }
    return x;
  }

  /// Puts other values where f was given x.
  void overwrite_all(std::vector<course::Tensor>& given, Layout layout) const {
    for (std::size_t i = 0; i < given.size(); ++i) {
      given[i] = tensor(inputs[i], moved(one[inputs[i]]), layout);
    }
    if (overwrite) overwrite();
  }

  /// Whether the gradient of an input is right when the arguments stay as they are.
  bool needs_arguments(std::size_t i, Layout layout) const {
    const std::vector<course::Tensor> x = tensors(layout);
    course::backward(f(x), layout(one["g"]));
    const std::string key = "d" + inputs[i];
    return x[i].grad().data && alike(values_of(key, x[i].grad()), one[key], tolerance);
  }

  /// The known mistakes of the gradient of input i, and what can be said if it is none of them.
  Mistakes known_of_gradient(std::size_t i, const course::Tensor& x, Layout layout) const {
    const std::string& key = inputs[i];
    Mistakes all = known("d" + key);
    const Values got = values_of("the gradient of " + key, x.grad());
    if (alike(got, one["d" + key], tolerance)) return all;
    if (needs_arguments(i, layout)) return {{by_reference, got}};
    if (got.shape == one[key].shape &&
        is_cut(behind(f(tensors(contiguous_array))), behind(f(tensors(contiguous_array, key))))) {
      all.push_back({cut, got});
    } else if (layout != contiguous_array) {
      all.push_back({row_after_row, got});
    } else if (!otherwise.empty()) {
      all.push_back({otherwise, got});
    }
    return all;
  }

  void check(const std::string& what, Layout layout) const {
    const std::vector<course::Tensor> x = tensors(layout);
    std::vector<course::Tensor> given = x;
    const course::Tensor y = f(given);
    holds(y.node != nullptr, what, "the result is not a tensor");
    Mistakes of_result = known("y");
    if (layout != contiguous_array) {
      of_result.push_back({row_after_row, values_of(what, y.value())});
    }
    same(what + ": the result", y.value(), one["y"], of_result, tolerance);
    if (!one.has("g")) return;
    overwrite_all(given, layout);
    course::backward(y, layout(one["g"]));
    const std::string of = what + ": the gradient of ";
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool wanted = one.has("d" + inputs[i]) && count(one[inputs[i]].shape) > 0;
      if (!wanted || x[i].grad().data) continue;
      fail(of + inputs[i], "no gradient has arrived",
           needs_arguments(i, layout) ? by_reference : lost(y, x[i]));
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!one.has("d" + inputs[i]) || !x[i].grad().data) continue;
      same(of + inputs[i], x[i].grad(), one["d" + inputs[i]], known_of_gradient(i, x[i], layout),
           tolerance);
    }
  }
};

/// y = operation(inputs) and, after backward(y, g), the gradient "d" + name of each input, with
/// inputs and g row after row in memory, then strided, then transposed without gaps. `g`, `y` and
/// the gradients are the case's; each input is a variable if the case has its gradient, else a
/// constant. What f was given has other values on the way back: tensors always, all else by
/// `overwrite`.
inline void operation(const std::string& name, const Case& one,
                      const std::vector<std::string>& inputs, const Operation& f,
                      const MistakesOf& mistakes = {}, double tolerance = 1e-9,
                      const std::string& otherwise = "", const Overwrite& overwrite = {}) {
  const Graded graded{one, inputs, f, mistakes, tolerance, otherwise, overwrite};
  const std::string what = name + (one.name.empty() ? "" : " (" + one.name + ")");
  graded.check(what, contiguous_array);
  graded.check(what + ", of arrays that do not lie row after row", strided_array);
  graded.check(what + ", of transposed arrays", turned_array);
}

}  // namespace grade
