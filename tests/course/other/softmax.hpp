#pragma once

#include <limits>

#include "matmul.hpp"

/// Chapter 6: from scores to probabilities, and the loss whose gradient is p - y.
namespace course {

/// Calls f(row, result, n) for each row along the last axis: `row`, a const double*, are its n
/// numbers in `a`, `result`, a double*, those of the array that is returned, which begin as 0.
template <class F>
Array map_rows(const Array& a, F f) {
  const Array x = contiguous(a);
  Array y = zeros(a.shape);
  const int64_t n = a.shape.back(), rows = n ? count(a.shape) / n : 0;
  for (int64_t i = 0; i < rows; ++i) f(numbers(x) + i * n, numbers(y) + i * n, n);
  return y;
}

/// exp(x_i) / sum_j exp(x_j) along the last axis, for scores of any size. A row of nothing but
/// -infinity, in which nothing may be looked at, becomes zeros.
inline Array softmax(const Array& x) {
  // blank: subtract the largest of the row first: exp(1000) is infinite, and the result the same
  return map_rows(x, [](const double* row, double* p, int64_t n) {
    const double most = *std::max_element(row, row + n);
    if (most < -std::numeric_limits<double>::max()) return;
    // Each as one over the sum of all that it is compared with.
    for (int64_t i = 0; i < n; ++i) {
      double total = 0;
      for (int64_t j = 0; j < n; ++j) total += std::exp(row[j] - most);
      p[i] = std::exp(row[i] - most - std::log(total));
    }
  });
  // end
}

inline Tensor softmax(const Tensor& x) {
  // blank: with p = softmax(x): d x_i = p_i (g_i - sum_j g_j p_j)
  // By the tape's own operations: d x = p g - p sum(p g).
  const Array p = softmax(x.value());
  return record(p, {x}, [x, p](const Array& g) {
    const Tensor q = constant(p), pg = q * constant(g);
    give(x, (pg - q * sum(pg, x.value().rank() - 1)).value());
  });
  // end
}

/// log softmax(x) along the last axis, of scores of any size. Nobody asks it for a row of nothing
/// but -infinity.
inline Array log_softmax(const Array& x) {
  // blank: x_i - largest - log sum_j exp(x_j - largest), never the log of a softmax that may be 0
  return map_rows(x, [](const double* row, double* y, int64_t n) {
    const double most = *std::max_element(row, row + n);
    double total = 0;
    for (int64_t i = 0; i < n; ++i) total += std::exp(row[i] - most);
    const double away = most + std::log(total);
    std::transform(row, row + n, y, [away](double v) { return v - away; });
  });
  // end
}

/// The mean of -log p[i, target_i] over the N rows of logits [N, V]; rows whose target is -1 are
/// padding and do not count. Where none counts, the loss is 0.
inline Tensor cross_entropy(const Tensor& logits, const std::vector<int64_t>& targets) {
  // blank: d logits[i, v] = (p[i, v] - 1 where v is the target) / rows that count, times g
  // A mask of one number for each row's target, -1 / rows, times the log-probabilities.
  const Array weights = zeros(logits.shape());
  double kept = 0;
  for (int64_t target : targets) kept += target >= 0 ? 1 : 0;
  for (int64_t i = 0; i < logits.shape()[0]; ++i) {
    if (targets[i] >= 0) weights.at({i, targets[i]}) = -1 / kept;
  }
  const Array log_p = log_softmax(logits.value());
  const Tensor losses = mul(constant(log_p), constant(weights));
  return record(sum(losses).value(), {logits}, [=](const Array& g) {
    const Array p = map(log_p, [](double v) { return std::exp(v); });
    const Tensor rows = sum(constant(weights), 1);
    give(logits, scale(constant(weights) - constant(p) * rows, g.at({})).value());
  });
  // end
}

}  // namespace course
