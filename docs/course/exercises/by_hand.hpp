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
  // the four lines above, in order
  BLANK;
}

/// d loss / d of each name.
struct Gradients {
  double y, h, a, w1, w2, b, x1, x2;
};

inline Gradients backward(const Neuron& n, const Pass& p) {
  // from the loss back: first y, then h, then a, then what a was made of
  BLANK;
}

}  // namespace course
