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
  Pass p{x1, x2, t, 0, 0, 0, 0};
  p.a = n.w1 * x1 + n.w2 * x2 + n.b;
  p.h = std::tanh(p.a);
  p.y = p.h * x2;
  p.loss = (p.y - t) * (p.y - t) / 2;
  return p;
  // end
}

/// d loss / d of each name.
struct Gradients {
  double y, h, a, w1, w2, b, x1, x2;
};

inline Gradients backward(const Neuron& n, const Pass& p) {
  // blank: from the loss back: first y, then h, then a, then what a was made of
  Gradients d{};
  d.y = p.y - p.t;
  d.h = d.y * p.x2;
  d.a = d.h * (1 - p.h * p.h);
  d.w1 = d.a * p.x1;
  d.w2 = d.a * p.x2;
  d.b = d.a;
  d.x1 = d.a * n.w1;
  d.x2 = d.a * n.w2 + d.y * p.h;
  return d;
  // end
}

}  // namespace course
