#pragma once

#include "gradient_check.hpp"

/// Chapter 8: words as vectors, a layer, and the loop that makes them better.
namespace course {

/// Row ids[i] of weight [V, D] for each i: shape [N, D].
inline Tensor embedding(const std::vector<int64_t>& ids, const Tensor& weight) {
  // the way back adds each row of g to the row that it was read from
  BLANK;
}

/// x W^T + b: x [..., I], W [O, I], b [O]; without b where it is not defined.
inline Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}) {
  // rows of all axes in front are one matrix: multiply them at once
  BLANK;
}

/// Makes all gradients together no longer than `limit`; returns how long they were before.
inline double clip(const std::vector<Tensor>& parameters, double limit) {
  // one length of all numbers together, and one factor for all, limit / (length + 1e-6),
  // where that is below 1
  BLANK;
}

// [adam]
/// Adam (Kingma and Ba 2015, algorithm 1): each weight moves by its own mean gradient, measured in
/// units of that gradient's usual size.
struct Adam {
  std::vector<Tensor> parameters;
  double rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  int64_t steps = 0;
  std::vector<Array> m = {}, v = {};

  void step();
  void zero_grad() {
    for (Tensor& p : parameters) p.node->grad = {};
  }
};
// [/adam]

inline void Adam::step() {
  // t counts from 1; m and v start at 0 and are divided by 1 - beta^t, else they are too
  // small at first. A parameter without a gradient stays
  BLANK;
}

}  // namespace course
