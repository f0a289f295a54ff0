#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Loops over one row of `n` elements; the functions of core/kernels/rows.hpp are made of them.
/// `keep` is null or has n entries.
template <class T>
struct RowLoops {
  void (*softmax)(const T* x, const bool* keep, T* y, int64_t n);
  void (*softmax_backward)(const T* g, const T* y, T* dx, int64_t n);
  void (*sparsemax)(const T* x, const bool* keep, T* y, int64_t n);
  void (*sparsemax_backward)(const T* g, const T* y, T* dx, int64_t n);
  void (*log_softmax)(const T* x, const bool* keep, T* y, int64_t n);
  void (*log_softmax_backward)(const T* g, const T* y, const bool* keep, T* dx, int64_t n);
  /// log(sum(exp(x))), and sum(x).
  T (*log_sum_exp)(const T* x, int64_t n);
  T (*sum)(const T* x, int64_t n);
  /// The largest number of each `size` in a row, the last perhaps of fewer; NaN is passed over.
  void (*block_maxima)(const T* x, int64_t n, int64_t size, T* maxima);
  /// log(sum(exp(x - top))): log_softmax is (x - top) - log_sum.
  T (*log_sum_above)(const T* x, T top, int64_t n);
  /// dx = g (exp(x - lse) - shift), the gradient of a cross-entropy but for its target.
  void (*cross_entropy_backward)(T g, const T* x, T lse, T shift, T* dx, int64_t n);
  /// y = (x - mean) rstd weight + bias; weight and bias may be null.
  void (*layer_norm)(const T* x, const T* weight, const T* bias, T eps, T* y, T* mean, T* rstd,
                     int64_t n);
  void (*layer_norm_backward)(const T* g, const T* x, const T* weight, T mean, T rstd, T* dx,
                              int64_t n);
  /// dweight += g (x - mean) rstd, dbias += g; each may be null.
  void (*layer_norm_parameters)(const T* g, const T* x, T mean, T rstd, T* dweight, T* dbias,
                                int64_t n);
};

using RowTables = FloatingLoops<RowLoops>;

HEED_DECLARE_TABLE(RowTables, row_loops)

}  // namespace heed::loops
