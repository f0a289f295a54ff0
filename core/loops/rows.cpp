#include "rows.hpp"
#include "math.hpp"

namespace heed::loops {

namespace {

constexpr int64_t lanes = 16;

/// exp(x), where less than the smallest normal number is nothing: it stands beside exp(0) in a sum.
template <class T>
T power(T x) {
  return exponential<T, false>(x);
}

/// term(0) + ... + term(n - 1), in 16 partial sums that are added pairwise at the end: it
/// vectorises, and rounds better than one running sum.
template <class T, class Term>
T sum_of(int64_t n, Term term) {
  T partial[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) partial[lane] += term(i + lane);
  }
  for (int64_t lane = 0; i < n; ++i, ++lane) partial[lane] += term(i);
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) partial[lane] += partial[lane + half];
  }
  return partial[0];
}

/// The largest of value(0), ..., value(n - 1), -inf for none; NaN is passed over.
template <class T, class Value>
T max_of(int64_t n, Value value) {
  T partial[lanes];
  for (int64_t lane = 0; lane < lanes; ++lane) partial[lane] = -static_cast<T>(__builtin_inff());
  const auto take = [&](int64_t lane, int64_t i) {
    const T v = value(i);
    partial[lane] = v > partial[lane] ? v : partial[lane];
  };
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) take(lane, i + lane);
  }
  for (int64_t lane = 0; i < n; ++i, ++lane) take(lane, i);
  for (int64_t lane = 1; lane < lanes; ++lane) {
    partial[0] = partial[lane] > partial[0] ? partial[lane] : partial[0];
  }
  return partial[0];
}

template <class T>
T largest(const T* x, int64_t n) {
  return max_of<T>(n, [=](int64_t i) { return x[i]; });
}

bool keeps_nothing(const bool* keep, int64_t n) {
  if (!keep) return false;
  bool any = false;
  for (int64_t i = 0; i < n; ++i) any |= keep[i];
  return !any;
}

template <class T>
void fill(T* y, T value, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = value;
}

/// y = x, but -inf, whose exponential is 0, where the mask is false.
template <class T>
void mask_out(const T* x, const bool* keep, T* y, int64_t n) {
  constexpr T none = -static_cast<T>(__builtin_inff());
  for (int64_t i = 0; i < n; ++i) y[i] = keep[i] ? x[i] : none;
}

template <class T>
void softmax(const T* x, const bool* keep, T* y, int64_t n) {
  if (keeps_nothing(keep, n)) return fill(y, T{0}, n);
  if (keep) {
    mask_out(x, keep, y, n);
    const T top = largest(y, n);
    for (int64_t i = 0; i < n; ++i) y[i] = power(y[i] - top);
  } else {
    const T top = largest(x, n);
    for (int64_t i = 0; i < n; ++i) y[i] = power(x[i] - top);
  }
  const T scale = 1 / sum_of<T>(n, [=](int64_t i) { return y[i]; });
  for (int64_t i = 0; i < n; ++i) y[i] *= scale;
}

template <class T>
void softmax_backward(const T* g, const T* y, T* dx, int64_t n) {
  const T mean = sum_of<T>(n, [=](int64_t i) { return g[i] * y[i]; });
  for (int64_t i = 0; i < n; ++i) dx[i] = y[i] * (g[i] - mean);
}

float square_root(float x) { return __builtin_sqrtf(x); }
double square_root(double x) { return __builtin_sqrt(x); }

/// log(sum(exp(x_i - top))). Summed in double: where one element has nearly all of the probability,
/// the sum is hardly above 1, and what is above 1 is the result.
template <class T>
T log_sum_above(const T* x, T top, int64_t n) {
  constexpr int64_t block = 256;
  T terms[block];
  double sum = 0;
  for (int64_t start = 0; start < n; start += block) {
    const int64_t size = n - start < block ? n - start : block;
    for (int64_t i = 0; i < size; ++i) terms[i] = power(x[start + i] - top);
    sum += sum_of<double>(size, [&](int64_t i) { return static_cast<double>(terms[i]); });
  }
  return static_cast<T>(natural_log(sum));
}

/// The threshold by Michelot's algorithm: from a superset of the support, the mean that makes the
/// rest sum to 1 throws elements out until none is left to throw: then it rises no more. (To wait
/// until the count stays would wait for ever where an element is rounded onto the threshold.) No
/// sorting, exact. NaN is above no threshold, but makes the first one NaN.
template <class T>
void sparsemax(const T* x, const bool* keep, T* y, int64_t n) {
  if (keeps_nothing(keep, n)) return fill(y, T{0}, n);
  if (keep) {
    mask_out(x, keep, y, n);
  } else {
    for (int64_t i = 0; i < n; ++i) y[i] = x[i];
  }
  const T top = largest(y, n);
  for (int64_t i = 0; i < n; ++i) y[i] -= top;
  T threshold = -1;  // what lies 1 below the largest is out, whatever the others are
  for (bool rises = true; rises;) {
    const T count = sum_of<T>(n, [=](int64_t i) { return y[i] > threshold ? T{1} : T{0}; });
    const T total = sum_of<T>(n, [=](int64_t i) { return y[i] <= threshold ? T{0} : y[i]; });
    const T next = (total - 1) / count;
    rises = next > threshold;
    if (!(next <= threshold)) threshold = next;
  }
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] <= threshold ? T{0} : y[i] - threshold;
}

/// x where `counts`, else 0. Read in any case: GCC 12 makes AVX2 code that picks wrong lanes of a
/// sum whose terms are read under a condition.
template <class T>
T where(bool counts, T x) {
  return counts ? x : T{0};
}

template <class T>
void sparsemax_backward(const T* g, const T* y, T* dx, int64_t n) {
  const T count = sum_of<T>(n, [=](int64_t i) { return y[i] > 0 ? T{1} : T{0}; });
  const T total = sum_of<T>(n, [=](int64_t i) { return where(y[i] > 0, g[i]); });
  const T mean = count > 0 ? total / count : T{0};
  for (int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0 ? g[i] - mean : T{0};
}

template <class T>
void log_softmax(const T* x, const bool* keep, T* y, int64_t n) {
  if (keeps_nothing(keep, n)) return fill(y, T{0}, n);
  if (keep) {
    mask_out(x, keep, y, n);
    const T top = largest(y, n), log_sum = log_sum_above(y, top, n);
    for (int64_t i = 0; i < n; ++i) y[i] = (y[i] - top) - log_sum;
  } else {
    const T top = largest(x, n), log_sum = log_sum_above(x, top, n);
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - top) - log_sum;
  }
}

template <class T>
void log_softmax_backward(const T* g, const T* y, const bool* keep, T* dx, int64_t n) {
  if (!keep) {
    const T sum = sum_of<T>(n, [=](int64_t i) { return g[i]; });
    for (int64_t i = 0; i < n; ++i) dx[i] = g[i] - power(y[i]) * sum;
    return;
  }
  const T sum = sum_of<T>(n, [=](int64_t i) { return where(keep[i], g[i]); });
  for (int64_t i = 0; i < n; ++i) {
    const T gradient = g[i] - power(y[i]) * sum;
    dx[i] = keep[i] ? gradient : T{0};
  }
}

template <class T>
T log_sum_exp(const T* x, int64_t n) {
  const T top = largest(x, n);
  if (top - top == 0) return top + log_sum_above(x, top, n);
  // The differences mean nothing: the top is it, or NaN where the top has passed one over.
  return top + sum_of<T>(n, [=](int64_t i) { return x[i] == x[i] ? T{0} : x[i]; });
}

template <class T>
T sum(const T* x, int64_t n) {
  return sum_of<T>(n, [=](int64_t i) { return x[i]; });
}

template <class T>
void block_maxima(const T* x, int64_t n, int64_t size, T* maxima) {
  for (int64_t i = 0; i * size < n; ++i) {
    const int64_t left = n - i * size;
    maxima[i] = largest(x + i * size, left < size ? left : size);
  }
}

template <class T>
void cross_entropy_backward(T g, const T* x, T lse, T shift, T* dx, int64_t n) {
  constexpr int64_t some = 256;
  T values[some];  // dx may be x, and the loop vectorises all the same
  for (int64_t begin = 0; begin < n; begin += some) {
    const int64_t count = n - begin < some ? n - begin : some;
    for (int64_t i = 0; i < count; ++i) values[i] = g * (power(x[begin + i] - lse) - shift);
    for (int64_t i = 0; i < count; ++i) dx[begin + i] = values[i];
  }
}

template <class T>
void layer_norm(const T* x, const T* weight, const T* bias, T eps, T* y, T* mean_out, T* rstd_out,
                int64_t n) {
  const T mean = sum(x, n) / static_cast<T>(n);
  const T squares = sum_of<T>(n, [=](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  const T rstd = 1 / square_root(squares / static_cast<T>(n) + eps);
  *mean_out = mean;
  *rstd_out = rstd;
  if (weight && bias) {
    for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd * weight[i] + bias[i];
    return;
  }
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * rstd;
  if (weight) {
    for (int64_t i = 0; i < n; ++i) y[i] *= weight[i];
  }
  if (bias) {
    for (int64_t i = 0; i < n; ++i) y[i] += bias[i];
  }
}

/// dx = rstd (u - mean(u) - x' mean(u x')), u = g weight, x' = (x - mean) rstd.
template <class T, class Weighted>
void normalized_backward(Weighted u, const T* x, T mean, T rstd, T* dx, int64_t n) {
  const T count = static_cast<T>(n);
  const T mean_u = sum_of<T>(n, u) / count;
  const T mean_ux = sum_of<T>(n, [=](int64_t i) { return u(i) * ((x[i] - mean) * rstd); }) / count;
  for (int64_t i = 0; i < n; ++i) {
    dx[i] = rstd * (u(i) - mean_u - (x[i] - mean) * rstd * mean_ux);
  }
}

template <class T>
void layer_norm_backward(const T* g, const T* x, const T* weight, T mean, T rstd, T* dx,
                         int64_t n) {
  if (weight) {
    normalized_backward([=](int64_t i) { return g[i] * weight[i]; }, x, mean, rstd, dx, n);
  } else {
    normalized_backward([=](int64_t i) { return g[i]; }, x, mean, rstd, dx, n);
  }
}

template <class T>
void layer_norm_parameters(const T* g, const T* x, T mean, T rstd, T* dweight, T* dbias,
                           int64_t n) {
  if (dweight) {
    for (int64_t i = 0; i < n; ++i) dweight[i] += g[i] * ((x[i] - mean) * rstd);
  }
  if (dbias) {
    for (int64_t i = 0; i < n; ++i) dbias[i] += g[i];
  }
}

template <class T>
constexpr RowLoops<T> table_of() {
  return {softmax<T>,
          softmax_backward<T>,
          sparsemax<T>,
          sparsemax_backward<T>,
          log_softmax<T>,
          log_softmax_backward<T>,
          log_sum_exp<T>,
          sum<T>,
          block_maxima<T>,
          log_sum_above<T>,
          cross_entropy_backward<T>,
          layer_norm<T>,
          layer_norm_backward<T>,
          layer_norm_parameters<T>};
}

}  // namespace

extern const RowTables HEED_TABLE(row_loops);
const RowTables HEED_TABLE(row_loops) = {table_of<float>(), table_of<double>()};

}  // namespace heed::loops
