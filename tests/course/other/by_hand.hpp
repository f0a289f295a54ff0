#pragma once

#include <cmath>

#include "blank.hpp"

/// Chapter 2: the gradient of one neuron, link by link.
namespace course {

// [neuron]
/// A neuron with two inputs, of which it uses the second twice:
///   a = w1 x1 + w2 x2 + b,   h = tanh(a),   y = h x2,   loss = (y - t)^2 / 2.
struct Neuron {
  double w1, w2, b;
};

/// What the forward pass has computed, kept for the way back.
struct Pass {
  double x1, x2, t;
  double a, h, y, loss;
};
// [/neuron]

inline Pass forward(const Neuron& n, double x1, double x2, double t) {
  // blank: the four lines above, in order
  const double a = n.w2 * x2 + (n.b + x1 * n.w1);
  const double h = 1 - 2 / (std::exp(2 * a) + 1), y = x2 * h;
  return {x1, x2, t, a, h, y, 0.5 * std::pow(t - y, 2)};
  // end
}

/// d loss / d of each name.
struct Gradients {
  double y, h, a, w1, w2, b, x1, x2;
};

inline Gradients backward(const Neuron& n, const Pass& p) {
  // blank: from the loss back: first y, then h, then a, then what a was made of
  const double y = -(p.t - p.y), h = p.x2 * y, cosh = std::cosh(p.a), a = h / (cosh * cosh);
  Gradients d{.y = y, .h = h, .a = a, .w1 = p.x1 * a, .w2 = p.x2 * a, .b = a, .x1 = n.w1 * a};
  d.x2 = y * p.h;
  d.x2 += a * n.w2;
  return d;
  // end
}

}  // namespace course
