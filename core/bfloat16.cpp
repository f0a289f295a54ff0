#include "bfloat16.hpp"

#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "error.hpp"
#include "loops/rounding.hpp"
#include "memory.hpp"
#include "onednn.hpp"

namespace heed {

namespace {

std::atomic<Bfloat16Product> chosen{onednn::multiply_bfloat16};

/// The stored matrix [rows, columns] as float32, without gaps.
Pooled<float> widened(const void* numbers, int64_t rows, int64_t columns, int64_t ld) {
  Pooled<float> result(static_cast<std::size_t>(rows * columns));
  const auto* from = static_cast<const Bfloat16*>(numbers);
  for (int64_t i = 0; i < rows; ++i) {
    loops::rounding_loops().to_float(result.data() + i * columns, from + i * ld, columns);
  }
  return result;
}

using Numbers = std::vector<float>;

/// Reproducible numbers in [-1, 1] that bfloat16 holds.
Numbers test_numbers(int64_t count, int64_t start) {
  Numbers numbers(static_cast<std::size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    numbers[static_cast<std::size_t>(i)] =
        static_cast<float>(((i + start) * 7919 % 257) - 128) / 128.0f;
  }
  return numbers;
}

std::vector<Bfloat16> halves(const Numbers& numbers) {
  std::vector<Bfloat16> result(numbers.size());
  loops::rounding_loops().to_bfloat16(result.data(), numbers.data(),
                                      static_cast<int64_t>(numbers.size()));
  return result;
}

/// The largest error of a product that adds to ones, relative to 1 + sum |a b|.
double error_of(Bfloat16Product product, int64_t m, int64_t n, int64_t k, bool transpose_a,
                bool transpose_b) {
  const Numbers a = test_numbers(m * k, 3), b = test_numbers(k * n, 5);
  const std::vector<Bfloat16> left = halves(a), right = halves(b);
  Numbers c(static_cast<std::size_t>(m * n), 1);
  product({float32, m, n, k, left.data(), transpose_a ? m : k, transpose_a, right.data(),
           transpose_b ? k : n, transpose_b, c.data(), n, true});
  double worst = 0;
  for (int64_t i = 0; i < m * n; ++i) {
    double exact = 1, size = 1;
    for (int64_t l = 0; l < k; ++l) {
      const int64_t row = i / n, column = i % n;
      const double term =
          static_cast<double>(
              a[static_cast<std::size_t>(transpose_a ? l * m + row : row * k + l)]) *
          static_cast<double>(
              b[static_cast<std::size_t>(transpose_b ? column * k + l : l * n + column)]);
      exact += term;
      size += std::abs(term);
    }
    const double error = std::abs(static_cast<double>(c[static_cast<std::size_t>(i)]) - exact);
    // Written so that NaN counts as wrong.
    if (!(error / size <= worst)) worst = std::isnan(error) ? 1 : error / size;
  }
  return worst;
}

}  // namespace

Bfloat16Product bfloat16_product() { return chosen.load(std::memory_order_relaxed); }

std::string missing_for_bfloat16(bool has_instructions, bool has_library, bool library_uses_them) {
  std::string missing;
  if (!has_instructions) {
    missing = "a processor with AVX512_BF16 or AMX-BF16 (this one has neither)";
  }
  if (!has_library) {
    missing += std::string(missing.empty() ? "" : " and ") +
               "a heed that is built with oneDNN (this one is not; on Debian: libdnnl-dev)";
  } else if (has_instructions && !library_uses_them) {
    missing =
        "a oneDNN that takes its threads from OpenMP or its caller and uses the processor's "
        "bfloat16 instructions (this one does not; is ONEDNN_MAX_CPU_ISA set?)";
  }
  return missing;
}

ReplacedProduct::ReplacedProduct(Bfloat16Product product) : before_(chosen.exchange(product)) {}
ReplacedProduct::~ReplacedProduct() { chosen = before_; }

void emulated_product(const Gemm& p) {
  const int64_t rows_a = p.transpose_a ? p.k : p.m, columns_a = p.transpose_a ? p.m : p.k;
  const int64_t rows_b = p.transpose_b ? p.n : p.k, columns_b = p.transpose_b ? p.k : p.n;
  const Pooled<float> a = widened(p.a, rows_a, columns_a, p.lda);
  const Pooled<float> b = widened(p.b, rows_b, columns_b, p.ldb);
  Gemm wide = p;
  wide.a = a.data();
  wide.lda = columns_a;
  wide.b = b.data();
  wide.ldb = columns_b;
  gemm(wide);
}

void test_product(Bfloat16Product product) {
  static constexpr int64_t sizes[][3] = {{37, 53, 64}, {128, 128, 128}, {96, 48, 32}};
  for (const auto& [m, n, k] : sizes) {
    for (int transposes = 0; transposes < 4; ++transposes) {
      const double error = error_of(product, m, n, k, (transposes & 1) != 0, (transposes & 2) != 0);
      if (error <= 64 * static_cast<double>(std::numeric_limits<float>::epsilon())) continue;
      throw NumericError(
          "oneDNN computes wrong products in bfloat16 on this processor; use float32, or another "
          "version of oneDNN");
    }
  }
}

}  // namespace heed
