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
  // subtract the largest of the row first: exp(1000) is infinite, and the result the same
  BLANK;
}

inline Tensor softmax(const Tensor& x) {
  // with p = softmax(x): d x_i = p_i (g_i - sum_j g_j p_j)
  BLANK;
}

/// log softmax(x) along the last axis, of scores of any size. Nobody asks it for a row of nothing
/// but -infinity.
inline Array log_softmax(const Array& x) {
  // x_i - largest - log sum_j exp(x_j - largest), never the log of a softmax that may be 0
  BLANK;
}

/// The mean of -log p[i, target_i] over the N rows of logits [N, V]; rows whose target is -1 are
/// padding and do not count. Where none counts, the loss is 0.
inline Tensor cross_entropy(const Tensor& logits, const std::vector<int64_t>& targets) {
  // d logits[i, v] = (p[i, v] - 1 where v is the target) / rows that count, times g
  BLANK;
}

}  // namespace course
