#include <cstdio>

#include "by_hand.hpp"

using namespace course;

/// Compares `backward` with small steps, then goes downhill by it.
int main() {
  // [compare]
  const double x1 = 2, x2 = 1.5, t = 1, step = 1e-6;
  Neuron n{0.5, -1, 0.25};
  const Gradients d = backward(n, forward(n, x1, x2, t));
  const auto difference = [&](double Neuron::*weight) {
    Neuron up = n, down = n;
    up.*weight += step;
    down.*weight -= step;
    return (forward(up, x1, x2, t).loss - forward(down, x1, x2, t).loss) / (2 * step);
  };
  // [/compare]
  std::printf("d loss / d     backward   difference\n");
  std::printf("w1           %10.5f   %10.5f\n", d.w1, difference(&Neuron::w1));
  std::printf("w2           %10.5f   %10.5f\n", d.w2, difference(&Neuron::w2));
  std::printf("b            %10.5f   %10.5f\n\n", d.b, difference(&Neuron::b));

  // [descend]
  for (int i = 0; i <= 50; ++i) {
    const Pass p = forward(n, x1, x2, t);
    if (i % 10 == 0) std::printf("step %2d   y %8.4f   loss %.4f\n", i, p.y, p.loss);
    const Gradients g = backward(n, p);
    n.w1 -= 0.02 * g.w1;
    n.w2 -= 0.02 * g.w2;
    n.b -= 0.02 * g.b;
  }
  // [/descend]
}
