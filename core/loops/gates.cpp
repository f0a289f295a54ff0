#include "gates.hpp"
#include "math.hpp"

namespace heed::loops {

namespace {

template <class T>
void forward(const T* __restrict gates_x, const T* __restrict gates_h, const T* __restrict h,
             T* __restrict y, T* __restrict gates, int64_t n) {
  T *r = gates, *z = gates + n, *c = gates + 2 * n, *inner = gates + 3 * n;
  for (int64_t i = 0; i < 2 * n; ++i) gates[i] = logistic(gates_x[i] + gates_h[i]);
  for (int64_t i = 0; i < n; ++i) inner[i] = gates_h[2 * n + i];
  for (int64_t i = 0; i < n; ++i) c[i] = hyperbolic_tangent(gates_x[2 * n + i] + r[i] * inner[i]);
  for (int64_t i = 0; i < n; ++i) y[i] = c[i] + z[i] * (h[i] - c[i]);
}

template <class T>
void backward(const T* __restrict g, const T* __restrict h, const T* __restrict gates,
              T* __restrict d_gates_x, T* __restrict d_gates_h, T* __restrict d_h, int64_t n) {
  const T *gate_r = gates, *gate_z = gates + n, *candidate = gates + 2 * n, *inner = gates + 3 * n;
  for (int64_t i = 0; i < n; ++i) {
    const T r = gate_r[i], z = gate_z[i], c = candidate[i];
    const T d_c = g[i] * (1 - z) * (1 - c * c);
    const T d_z = g[i] * (h[i] - c) * z * (1 - z);
    const T d_r = d_c * inner[i] * r * (1 - r);
    d_gates_x[i] = d_r;
    d_gates_x[n + i] = d_z;
    d_gates_x[2 * n + i] = d_c;
    d_gates_h[i] = d_r;
    d_gates_h[n + i] = d_z;
    d_gates_h[2 * n + i] = d_c * r;
    d_h[i] = g[i] * z;
  }
}

template <class T>
void lstm_forward(const T* __restrict inner, const T* __restrict state, T* __restrict next,
                  T* __restrict gates, int64_t n) {
  for (int64_t k = 0; k < 2 * n; ++k) gates[k] = logistic(inner[k]);
  for (int64_t k = 2 * n; k < 3 * n; ++k) gates[k] = hyperbolic_tangent(inner[k]);
  for (int64_t k = 3 * n; k < 4 * n; ++k) gates[k] = logistic(inner[k]);
  const T *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;
  const T* c = state + n;
  for (int64_t k = 0; k < n; ++k) next[n + k] = f[k] * c[k] + i[k] * g[k];
  for (int64_t k = 0; k < n; ++k) next[k] = o[k] * hyperbolic_tangent(next[n + k]);
}

template <class T>
void lstm_backward(const T* __restrict g, const T* __restrict state, const T* __restrict next,
                   const T* __restrict gates, T* __restrict d_inner, T* __restrict d_state,
                   int64_t n) {
  const T* c = state + n;
  const T* next_c = next + n;
  for (int64_t k = 0; k < n; ++k) {
    const T i = gates[k], f = gates[n + k], candidate = gates[2 * n + k], o = gates[3 * n + k];
    const T inner = hyperbolic_tangent(next_c[k]);
    const T d_c = g[n + k] + g[k] * o * (1 - inner * inner);
    d_inner[k] = d_c * candidate * i * (1 - i);
    d_inner[n + k] = d_c * c[k] * f * (1 - f);
    d_inner[2 * n + k] = d_c * i * (1 - candidate * candidate);
    d_inner[3 * n + k] = g[k] * inner * o * (1 - o);
    d_state[k] = 0;
    d_state[n + k] = d_c * f;
  }
}

}  // namespace

extern const GateTables HEED_TABLE(gate_loops);
const GateTables HEED_TABLE(gate_loops) = {
    {forward<float>, backward<float>, lstm_forward<float>, lstm_backward<float>},
    {forward<double>, backward<double>, lstm_forward<double>, lstm_backward<double>}};

}  // namespace heed::loops
