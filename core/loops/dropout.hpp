#pragma once

#include "random.hpp"

namespace heed::loops {

/// What dropout does to its elements: those whose random word is less than `threshold` are dropped,
/// the others multiplied by `factor`.
template <class T>
struct Drop {
  PhiloxStart start;
  uint64_t threshold;
  T factor;
};

/// Elements [begin, begin + n) of an array, to whose first of these the pointers point; `begin` is
/// a multiple of 4.
template <class T>
struct DropoutLoops {
  /// out = dropout(x)
  void (*plain)(const Drop<T>& drop, int64_t begin, int64_t n, const T* x, T* out);
  /// out = dropout(relu(x))
  void (*relu)(const Drop<T>& drop, int64_t begin, int64_t n, const T* x, T* out);
  /// out = x + dropout(y)
  void (*add)(const Drop<T>& drop, int64_t begin, int64_t n, const T* x, const T* y, T* out);
  /// out = g * factor where y, the result of `relu`, is above 0 or NaN, else 0; out may be g.
  void (*relu_gradient)(T factor, int64_t n, const T* g, const T* y, T* out);
};

using DropoutTables = FloatingLoops<DropoutLoops>;

HEED_DECLARE_TABLE(DropoutTables, dropout_loops)

}  // namespace heed::loops
