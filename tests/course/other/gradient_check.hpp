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
  return sum(mul(constant(y.value()), constant(g))).value().at({});
  // end
}

/// (F(x + step) - F(x - step)) / (2 step) for one element of one input, where F is `weighted`.
inline double difference(const Function& f, const std::vector<Array>& inputs, std::size_t input,
                         int64_t element, const Array& g, double step) {
  // blank: change one number of a copy, and put it back
  std::vector<Tensor> up, down;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    up.push_back(variable(copy(inputs[i])));
    down.push_back(i == input ? variable(copy(inputs[i])) : up[i]);
  }
  up[input].value().data->at(element) += step;
  down[input].value().data->at(element) -= step;
  return 0.5 / step * (weighted(f(up), g) - weighted(f(down), g));
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
  std::vector<Report> all = {Report{}};
  for (std::size_t i = 0; i < x.size(); ++i) {
    Shape index(x[i].shape().size(), 0);
    for (int64_t e = 0; e < count(x[i].shape()); ++e, next(index, x[i].shape())) {
      Report r{0, i, e, 0, difference(f, inputs, i, e, g, step)};
      if (x[i].grad().defined()) r.backward = x[i].grad().at(index);
      const double apart = std::abs(r.backward - r.difference);
      r.error = apart / std::max(1.0, std::max(std::abs(r.backward), std::abs(r.difference)));
      if (!(r.error >= 0)) r.error = HUGE_VAL;
      all.push_back(r);
    }
  }
  return *std::max_element(all.begin(), all.end(),
                           [](const Report& a, const Report& b) { return a.error < b.error; });
  // end
}

}  // namespace course
