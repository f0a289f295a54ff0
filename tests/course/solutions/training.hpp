#pragma once

#include "gradient_check.hpp"

/// Chapter 8: words as vectors, a layer, and the loop that makes them better.
namespace course {

/// Row ids[i] of weight [V, D] for each i: shape [N, D].
inline Tensor embedding(const std::vector<int64_t>& ids, const Tensor& weight) {
  // blank: the way back adds each row of g to the row that it was read from
  const int64_t D = weight.shape()[1], N = static_cast<int64_t>(ids.size());
  const Array table = contiguous(weight.value()), y = zeros({N, D});
  for (int64_t i = 0; i < N; ++i) {
    for (int64_t d = 0; d < D; ++d) numbers(y)[i * D + d] = numbers(table)[ids[i] * D + d];
  }
  return record(y, {weight}, [ids, weight, D, N](const Array& g) {
    const Array rows = contiguous(g), total = zeros(weight.shape());
    for (int64_t i = 0; i < N; ++i) {
      for (int64_t d = 0; d < D; ++d) numbers(total)[ids[i] * D + d] += numbers(rows)[i * D + d];
    }
    give(weight, total);
  });
  // end
}

/// x W^T + b: x [..., I], W [O, I], b [O]; without b where it is not defined.
inline Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}) {
  // blank: rows of all axes in front are one matrix: multiply them at once
  Shape shape = x.shape();
  const int64_t I = shape.back();
  const int64_t rows = count(Shape(shape.begin(), shape.end() - 1));
  shape.back() = weight.shape()[0];
  const Tensor y = reshape(matmul(reshape(x, {rows, I}), transpose(weight, 0, 1)), shape);
  return bias.node ? y + bias : y;
  // end
}

/// Makes all gradients together no longer than `limit`; returns how long they were before.
inline double clip(const std::vector<Tensor>& parameters, double limit) {
  // blank: one length of all numbers together, and one factor for all, limit / (length + 1e-6),
  // blank: where that is below 1
  double squares = 0;
  for (const Tensor& p : parameters) {
    if (!p.grad().defined()) continue;
    const Array g = contiguous(p.grad());
    for (int64_t i = 0, n = count(g.shape); i < n; ++i) squares += numbers(g)[i] * numbers(g)[i];
  }
  const double length = std::sqrt(squares);
  const double factor = limit / (length + 1e-6);
  if (factor < 1) {
    for (const Tensor& p : parameters) {
      if (!p.grad().defined()) continue;
      p.node->grad = map(p.grad(), [factor](double d) { return d * factor; });
    }
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
  ++steps;
  m.resize(parameters.size());
  v.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].grad().defined()) continue;
    const Array g = contiguous(parameters[i].grad()), w = parameters[i].value();
    if (!m[i].defined()) {
      m[i] = zeros(g.shape);
      v[i] = zeros(g.shape);
    }
    for (int64_t k = 0, n = count(g.shape); k < n; ++k) {
      const double d = numbers(g)[k];
      double& mean = numbers(m[i])[k] = beta1 * numbers(m[i])[k] + (1 - beta1) * d;
      double& size = numbers(v[i])[k] = beta2 * numbers(v[i])[k] + (1 - beta2) * d * d;
      const double m_hat = mean / (1 - std::pow(beta1, steps));
      const double v_hat = size / (1 - std::pow(beta2, steps));
      numbers(w)[k] -= rate * m_hat / (std::sqrt(v_hat) + epsilon);
    }
  }
  // end
}

}  // namespace course
