#include <cstdio>

#include "tape.hpp"

using namespace course;

/// The neuron of chapter 2 once more; this time nobody writes its derivatives down.
int main() {
  // [neuron]
  const auto number = [](double v) { return variable(array({}, {v})); };
  const Tensor w1 = number(0.5), w2 = number(-1), b = number(0.25);
  const Tensor x1 = number(2), x2 = number(1.5), t = constant(array({}, {1}));
  const Tensor a = add(add(mul(w1, x1), mul(w2, x2)), b);
  const Tensor y = mul(tanh(a), x2);
  const Tensor d = add(y, scale(t, -1));
  const Tensor loss = scale(mul(d, d), 0.5);
  backward(loss);
  // [/neuron]
  const auto show = [](const char* name, const Tensor& x) {
    std::printf("%-4s %8.4f   gradient %8.4f\n", name, x.value().at({}), x.grad().at({}));
  };
  std::printf("loss %8.4f   of %zu steps and variables\n", loss.value().at({}), order(loss).size());
  show("w1", w1);
  show("w2", w2);
  show("b", b);
  show("x1", x1);
  show("x2", x2);
}
