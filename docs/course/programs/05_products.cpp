// Optimised: it measures times.
#include <chrono>
#include <cstdio>

#include "matmul.hpp"

using namespace course;

namespace {

constexpr int64_t rows = 96, size = 512;

// [orders]
/// c += a b, a [rows, size], b [size, size]: the same additions in three orders.
void m_k_n(const double* a, const double* b, double* c) {
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t k = 0; k < size; ++k)
      for (int64_t n = 0; n < size; ++n) c[m * size + n] += a[m * size + k] * b[k * size + n];
}

void m_n_k(const double* a, const double* b, double* c) {
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < size; ++n)
      for (int64_t k = 0; k < size; ++k) c[m * size + n] += a[m * size + k] * b[k * size + n];
}

void n_k_m(const double* a, const double* b, double* c) {
  for (int64_t n = 0; n < size; ++n)
    for (int64_t k = 0; k < size; ++k)
      for (int64_t m = 0; m < rows; ++m) c[m * size + n] += a[m * size + k] * b[k * size + n];
}
// [/orders]

/// 10^9 additions and multiplications in a second: the best of three tries.
template <class F>
double gflops(F f) {
  double best = 0;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2e-9 * rows * size * size / passed.count());
  }
  return best;
}

}  // namespace

int main() {
  const Array a = full({rows, size}, 0.5), b = full({size, size}, 0.25), c = zeros({rows, size});
  const auto measured = [&](auto order) {
    return gflops([&] { order(numbers(a), numbers(b), numbers(c)); });
  };
  std::printf("                GFLOP/s\n");
  std::printf("m k n           %7.2f\n", measured(m_k_n));
  std::printf("m n k           %7.2f\n", measured(m_n_k));
  std::printf("n k m           %7.2f\n", measured(n_k_m));
  std::printf("your add_product%7.2f\n", gflops([&] { add_product(a, b, c); }));
}
