#include <cstdio>

#include "gradient_check.hpp"

using namespace course;

/// The error of a right gradient for steps of all sizes, and that of a wrong one.
int main() {
  // [steps]
  const Function f = [](const std::vector<Tensor>& x) { return mul(mul(x[0], x[0]), x[0]); };
  const Array x = array({3}, {0.7, -1.3, 1.1}), g = array({3}, {0.4, -0.9, 0.6});
  for (int digits = 1; digits <= 11; digits += 2) {
    const Report report = check_gradients(f, {x}, g, std::pow(10, -digits));
    std::printf("step 1e-%02d   error about 1e%03.0f\n", digits,
                std::round(std::log10(report.error)));
  }
  // [/steps]

  // [wrong]
  const Function wrong = [](const std::vector<Tensor>& x) {
    const Array y = softmax(x[0].value());
    return record(y, {x[0]}, [in = x[0], y](const Array& g) {
      give(in, map(g, y, [](double d, double p) { return d * p * (1 - p); }));  // the diagonal
    });
  };
  // [/wrong]
  const Report report = check_gradients(wrong, {x}, g);
  std::printf(
      "\nsoftmax by its diagonal: error %.4f in input %zu, element %d: %.4f, must be %.4f\n",
      report.error, report.input, static_cast<int>(report.element), report.backward,
      report.difference);
}
