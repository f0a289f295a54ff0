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
  // with a g of random numbers no error of one element can hide behind another's
  BLANK;
}

/// (F(x + step) - F(x - step)) / (2 step) for one element of one input, where F is `weighted`.
inline double difference(const Function& f, const std::vector<Array>& inputs, std::size_t input,
                         int64_t element, const Array& g, double step) {
  // change one number of a copy, and put it back
  BLANK;
}

/// Compares each derivative that `backward` finds with a central difference.
inline Report check_gradients(const Function& f, const std::vector<Array>& inputs, const Array& g,
                              double step = 1e-6) {
  // an input whose gradient never arrives has derivative 0; a difference that is no number
  // is the worst error there is
  BLANK;
}

}  // namespace course
