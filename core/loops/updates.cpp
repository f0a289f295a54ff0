#include "updates.hpp"

namespace heed::loops {

namespace {

float square_root(float x) { return __builtin_sqrtf(x); }
double square_root(double x) { return __builtin_sqrt(x); }

template <class T>
void sgd_plain(T* __restrict weight, const T* __restrict gradient, const SgdCoefficients<T>& step,
               int64_t n) {
  const SgdCoefficients<T> s = step;
  for (int64_t i = 0; i < n; ++i) weight[i] -= s.lr * (gradient[i] + s.decay * weight[i]);
}

/// `first`: the velocity starts as the gradient.
template <class T, bool first>
void sgd_momentum(T* __restrict weight, const T* __restrict gradient, T* __restrict velocity,
                  const SgdCoefficients<T>& step, bool nesterov, int64_t n) {
  const SgdCoefficients<T> s = step;
  for (int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + s.decay * weight[i];
    const T v = first ? g : s.momentum * velocity[i] + s.gain * g;
    velocity[i] = v;
    weight[i] -= s.lr * (nesterov ? g + s.momentum * v : v);
  }
}

template <class T>
void adam(T* __restrict weight, const T* __restrict gradient, T* __restrict m, T* __restrict v,
          const AdamCoefficients<T>& step, int64_t n) {
  const AdamCoefficients<T> s = step;
  for (int64_t i = 0; i < n; ++i) {
    const T w = weight[i] * s.shrink;
    const T g = gradient[i] + s.decay * w;
    const T first = m[i] + s.gain1 * (g - m[i]);
    const T second = v[i] * s.beta2 + s.gain2 * g * g;
    m[i] = first;
    v[i] = second;
    weight[i] = w - s.step_size * first / (square_root(second) / s.root_correction + s.eps);
  }
}

template <class T>
void adadelta(T* __restrict weight, const T* __restrict gradient, T* __restrict squares,
              T* __restrict changes, const AdadeltaCoefficients<T>& step, int64_t n) {
  const AdadeltaCoefficients<T> s = step;
  for (int64_t i = 0; i < n; ++i) {
    const T g = gradient[i] + s.decay * weight[i];
    const T square = s.rho * squares[i] + s.gain * g * g;
    const T change = square_root(changes[i] + s.eps) / square_root(square + s.eps) * g;
    squares[i] = square;
    changes[i] = s.rho * changes[i] + s.gain * change * change;
    weight[i] -= s.lr * change;
  }
}

template <class T>
void add(T* __restrict into, const T* __restrict x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) into[i] += x[i];
}

template <class T>
constexpr UpdateLoops<T> table_of() {
  return {sgd_plain<T>, sgd_momentum<T, true>, sgd_momentum<T, false>,
          adam<T>,      adadelta<T>,           add<T>};
}

}  // namespace

extern const UpdateTables HEED_TABLE(update_loops);
const UpdateTables HEED_TABLE(update_loops) = {table_of<float>(), table_of<double>()};

}  // namespace heed::loops
