#include <heed/core/loops/gates.hpp>
#include <heed/core/loops/math.hpp>

namespace heed::loops {

namespace {

template <class T>
void forward(const T* gates_x, const T* gates_h, const T* h, T* y, T* gates, int64_t n) {
  T *r = gates, *z = gates + n, *c = gates + 2 * n;
  for (int64_t i = 0; i < n; ++i) r[i] = logistic(gates_x[i] + gates_h[i]);
  for (int64_t i = 0; i < n; ++i) z[i] = logistic(gates_x[n + i] + gates_h[n + i]);
  for (int64_t i = 0; i < n; ++i) {
    c[i] = hyperbolic_tangent(gates_x[2 * n + i] + r[i] * gates_h[2 * n + i]);
  }
  for (int64_t i = 0; i < n; ++i) y[i] = c[i] + z[i] * (h[i] - c[i]);
}

template <class T>
void backward(const T* __restrict g, const T* __restrict gates_h, const T* __restrict h,
              const T* __restrict gates, T* __restrict d_gates_x, T* __restrict d_gates_h,
              T* __restrict d_h, int64_t n) {
  const T *gate_r = gates, *gate_z = gates + n, *candidate = gates + 2 * n;
  for (int64_t i = 0; i < n; ++i) {
    const T r = gate_r[i], z = gate_z[i], c = candidate[i];
    const T d_c = g[i] * (1 - z) * (1 - c * c);
    const T d_z = g[i] * (h[i] - c) * z * (1 - z);
    const T d_r = d_c * gates_h[2 * n + i] * r * (1 - r);
    d_gates_x[i] = d_r;
    d_gates_x[n + i] = d_z;
    d_gates_x[2 * n + i] = d_c;
    d_gates_h[i] = d_r;
    d_gates_h[n + i] = d_z;
    d_gates_h[2 * n + i] = d_c * r;
    d_h[i] = g[i] * z;
  }
}

}  // namespace

extern const GateTables HEED_TABLE(gate_loops);
const GateTables HEED_TABLE(gate_loops) = {{forward<float>, backward<float>},
                                           {forward<double>, backward<double>}};

}  // namespace heed::loops
