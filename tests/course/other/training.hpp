#pragma once

#include "gradient_check.hpp"

/// Chapter 8: words as vectors, a layer, and the loop that makes them better.
namespace course {

/// Row ids[i] of weight [V, D] for each i: shape [N, D].
inline Tensor embedding(const std::vector<int64_t>& ids, const Tensor& weight) {
  // blank: the way back adds each row of g to the row that it was read from
  // A table of ones, [N, V], picks the rows; its product has both directions already.
  const int64_t V = weight.shape()[0], N = static_cast<int64_t>(ids.size());
  const Array one_hot = zeros({N, V});
  for (int64_t i = 0; i < N; ++i) one_hot.at({i, ids[i]}) = 1;
  return matmul(constant(one_hot), weight);
  // end
}

/// x W^T + b: x [..., I], W [O, I], b [O]; without b where it is not defined.
inline Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}) {
  // blank: rows of all axes in front are one matrix: multiply them at once
  const bool vector = x.value().rank() == 1;
  const Tensor rows = vector ? reshape(x, {1, x.shape()[0]}) : x;
  Tensor y = matmul(rows, transpose(weight, 1, 0));
  if (bias.node != nullptr) y = bias + y;
  return vector ? reshape(y, {weight.shape()[0]}) : y;
  // end
}

/// Makes all gradients together no longer than `limit`; returns how long they were before.
inline double clip(const std::vector<Tensor>& parameters, double limit) {
  // blank: one length of all numbers together, and one factor for all, limit / (length + 1e-6),
  // blank: where that is below 1
  std::vector<Node*> given;
  double length = 0;
  for (const Tensor& p : parameters) {
    if (p.grad().defined()) given.push_back(p.node.get());
  }
  for (Node* node : given)
    map(node->grad, [&](double d) { return length = std::hypot(length, d); });
  if (length + 1e-6 <= limit) return length;
  for (Node* node : given) {
    node->grad = scale(constant(node->grad), limit / (length + 1e-6)).value();
  }
  return length;
  // end
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
  // blank: t counts from 1; m and v start at 0 and are divided by 1 - beta^t, else they are too
  // blank: small at first. A parameter without a gradient stays
  const double t = static_cast<double>(++steps);
  const double c1 = 1 - std::pow(beta1, t), c2 = 1 - std::pow(beta2, t);
  for (const Tensor& p : parameters) {
    if (m.size() < parameters.size()) m.push_back(zeros(p.shape()));
    if (v.size() < parameters.size()) v.push_back(zeros(p.shape()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Node& p = *parameters[i].node;
    if (!p.grad.defined()) continue;
    m[i] = map(m[i], p.grad, [&](double a, double g) { return a + (1 - beta1) * (g - a); });
    v[i] = map(v[i], p.grad, [&](double a, double g) { return a + (1 - beta2) * (g * g - a); });
    const Array by = map(m[i], v[i], [&](double a, double b) {
      return rate * (a / c1) / (std::sqrt(b / c2) + epsilon);
    });
    p.value = map(p.value, by, std::minus<>());
  }
  // end
}

}  // namespace course
