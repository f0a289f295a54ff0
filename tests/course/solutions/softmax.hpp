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
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, row[i]);
    if (std::isinf(largest) && largest < 0) return;
    double total = 0;
    for (int64_t i = 0; i < n; ++i) total += p[i] = std::exp(row[i] - largest);
    for (int64_t i = 0; i < n; ++i) p[i] /= total;
  });
  // end
}

inline Tensor softmax(const Tensor& x) {
  // blank: with p = softmax(x): d x_i = p_i (g_i - sum_j g_j p_j)
  const Array p = softmax(x.value());
  return record(p, {x}, [x, p](const Array& g) {
    const Array y = contiguous(g), d = zeros(p.shape);
    const int64_t n = p.shape.back(), rows = n ? count(p.shape) / n : 0;
    for (int64_t r = 0; r < rows; ++r) {
      double mean = 0;
      for (int64_t i = r * n; i < (r + 1) * n; ++i) mean += numbers(y)[i] * numbers(p)[i];
      for (int64_t i = r * n; i < (r + 1) * n; ++i) {
        numbers(d)[i] = numbers(p)[i] * (numbers(y)[i] - mean);
      }
    }
    give(x, d);
  });
  // end
}

/// log softmax(x) along the last axis, of scores of any size. Nobody asks it for a row of nothing
/// but -infinity.
inline Array log_softmax(const Array& x) {
  // blank: x_i - largest - log sum_j exp(x_j - largest), never the log of a softmax that may be 0
  return map_rows(x, [](const double* row, double* y, int64_t n) {
    double largest = row[0], total = 0;
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, row[i]);
    for (int64_t i = 0; i < n; ++i) total += std::exp(row[i] - largest);
    for (int64_t i = 0; i < n; ++i) y[i] = row[i] - largest - std::log(total);
  });
  // end
}

/// The mean of -log p[i, target_i] over the N rows of logits [N, V]; rows whose target is -1 are
/// padding and do not count. Where none counts, the loss is 0.
inline Tensor cross_entropy(const Tensor& logits, const std::vector<int64_t>& targets) {
  // blank: d logits[i, v] = (p[i, v] - 1 where v is the target) / rows that count, times g
  const int64_t V = logits.shape()[1];
  const Array log_p = log_softmax(logits.value()), p = softmax(logits.value());
  int64_t kept = 0;
  double total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    ++kept;
    total -= numbers(log_p)[static_cast<int64_t>(i) * V + targets[i]];
  }
  const double rows = std::max<int64_t>(kept, 1);
  return record(array({}, {total / rows}), {logits}, [logits, targets, p, rows, V](const Array& g) {
    const Array d = zeros(p.shape);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < 0) continue;
      for (int64_t v = 0; v < V; ++v) {
        const int64_t place = static_cast<int64_t>(i) * V + v;
        numbers(d)[place] = (numbers(p)[place] - (v == targets[i] ? 1 : 0)) / rows * g.at({});
      }
    }
    give(logits, d);
  });
  // end
}

}  // namespace course
