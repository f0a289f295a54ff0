#pragma once

#include <cmath>

/// What the elementwise kernels compute, in long double.
namespace heed::testing {

// Through erfc in long double: the double one loses what the kernels keep.
inline long double normal(long double x) { return std::erfc(-x * std::sqrt(0.5L)) / 2; }
inline long double exact_gelu(long double x) { return x * normal(x); }

inline long double exact_exp(long double x) { return std::exp(x); }
inline long double exact_expm1(long double x) { return std::expm1(x); }
inline long double exact_log(long double x) { return std::log(x); }
inline long double exact_log1p(long double x) { return std::log1p(x); }
inline long double exact_sin(long double x) { return std::sin(x); }
inline long double exact_cos(long double x) { return std::cos(x); }
inline long double exact_tanh(long double x) { return std::tanh(x); }
inline long double exact_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }
inline long double exact_silu(long double x) { return x / (1 + std::exp(-x)); }

}  // namespace heed::testing
