#include <chrono>
#include <cstdio>
#include <cstring>

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

/// 10^9 additions and multiplications in a second: the best of two tries.
template <class F>
double gflops(F f) {
  double best = 0;
  for (int i = 0; i < 2; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2e-9 * rows * size * size / passed.count());
  }
  return best;
}

const char* share(double part) {
  if (part < 0.25) return "less than a quarter of that";
  return part < 0.75 ? "less than three quarters of that" : "about as fast";
}

}  // namespace

/// With a word, `numbers`, it prints what it measured; without, only what is the same everywhere.
int main(int argc, char** argv) {
  const Array a = full({rows, size}, 0.5), b = full({size, size}, 0.25), c = zeros({rows, size});
  const auto measured = [&](auto order) {
    return gflops([&] { order(numbers(a), numbers(b), numbers(c)); });
  };
  const double first = measured(m_k_n), dots = measured(m_n_k), columns = measured(n_k_m);
  const double yours = gflops([&] { add_product(a, b, c); });
  if (argc > 1 && std::strcmp(argv[1], "numbers") == 0) {
    std::printf("GFLOP/s   m k n %.2f   m n k %.2f   n k m %.2f   add_product %.2f\n", first, dots,
                columns, yours);
    return 0;
  }
  std::printf("m k n    the measure\n");
  std::printf("m n k    %s\n", share(dots / first));
  std::printf("n k m    %s\n", share(columns / first));
}
