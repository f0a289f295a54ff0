#pragma once

#include "softmax.hpp"

/// Chapter 7: how to know that a gradient is right, without trusting the one who wrote it.
namespace course {

// [report]
/// What is to be checked: tensors in, one tensor out.
using Function = std::function<Tensor(const std::vector<Tensor>&)>;

/// The worst element: which input it belongs to, and its two derivatives.
struct Report {
  double error = 0;  ///< |backward - difference| / max(1, |backward|, |difference|)
  std::size_t input = 0;
  int64_t element = 0;  ///< counted row after row
  double backward = 0, difference = 0;
};
// [/report]

/// sum of g y, the number whose derivatives `backward(y, g)` finds.
inline double weighted(const Tensor& y, const Array& g) {
  // blank: with a g of random numbers no error of one element can hide behind another's
  const Array product = map(y.value(), g, [](double a, double b) { return a * b; });
  double total = 0;
  for (int64_t i = 0, n = count(product.shape); i < n; ++i) total += numbers(product)[i];
  return total;
  // end
}

/// (F(x + step) - F(x - step)) / (2 step) for one element of one input, where F is `weighted`.
inline double difference(const Function& f, const std::vector<Array>& inputs, std::size_t input,
                         int64_t element, const Array& g, double step) {
  // blank: change one number of a copy, and put it back
  const auto moved = [&](double by) {
    std::vector<Tensor> x;
    for (const Array& a : inputs) x.push_back(constant(copy(a)));
    numbers(x[input].value())[element] += by;
    return weighted(f(x), g);
  };
  return (moved(step) - moved(-step)) / (2 * step);
  // end
}

/// Compares each derivative that `backward` finds with a central difference.
inline Report check_gradients(const Function& f, const std::vector<Array>& inputs, const Array& g,
                              double step = 1e-6) {
  // blank: an input whose gradient never arrives has derivative 0; a difference that is no number
  // blank: is the worst error there is
  std::vector<Tensor> x;
  for (const Array& a : inputs) x.push_back(variable(copy(a)));
  backward(f(x), g);
  Report worst;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Array grad = x[i].grad().defined() ? contiguous(x[i].grad()) : zeros(inputs[i].shape);
    for (int64_t e = 0, n = count(inputs[i].shape); e < n; ++e) {
      const double found = numbers(grad)[e];
      const double expected = difference(f, inputs, i, e, g, step);
      double error =
          std::abs(found - expected) / std::max({1.0, std::abs(found), std::abs(expected)});
      if (std::isnan(error)) error = std::numeric_limits<double>::infinity();
      if (error > worst.error) worst = {error, i, e, found, expected};
    }
  }
  return worst;
  // end
}

}  // namespace course
