// Products in bfloat16, emulated: any processor has them so.
#include "../../core/bfloat16.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "../../core/cpu.hpp"
#include "../../core/error.hpp"
#include "../../core/kernels/products.hpp"
#include "../../core/loops/rounding.hpp"
#include "../../core/onednn.hpp"
#include "../../core/precision.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;
using Catch::Contains;

namespace {

float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

float rounded(float x) {
  Bfloat16 half;
  float back;
  loops::rounding_loops().to_bfloat16(&half, &x, 1);
  loops::rounding_loops().to_float(&back, &half, 1);
  return back;
}

/// Of the two numbers of bfloat16 around x > 0 the nearer one, or the one whose last bit is 0. What
/// follows the largest counts as the power of two that it would be.
double nearest(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t below = bits & 0xffff0000u, above = below + 0x10000u;
  const auto value = [](uint32_t b) {
    return b == 0x7f800000u ? std::ldexp(1.0, 128) : static_cast<double>(float_of(b));
  };
  const double down = x - value(below), up = value(above) - x;
  const bool takes_below = down < up || (down == up && (below & 0x10000u) == 0);
  return static_cast<double>(float_of(takes_below ? below : above));
}

/// The product of the rounded operands, [..., M, K] x [..., K, N] in one batch axis or none.
std::vector<double> plain_product(const Array& a, const Array& b) {
  const auto of = [](const std::vector<double>& all, int64_t i) {
    return static_cast<double>(rounded(static_cast<float>(all[static_cast<std::size_t>(i)])));
  };
  const std::vector<double> x = values(a), y = values(b);
  const int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  const int64_t batch = a.rank() > 2 ? a.size(0) : 1;
  std::vector<double> result;
  for (int64_t i = 0; i < batch * m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += of(x, i * k + l) * of(y, (i / m * k + l) * n + j);
      result.push_back(sum);
    }
  }
  return result;
}

Array in_single(const Array& a, const Array& b) { return kernels::matmul(a, b); }
Array in_bfloat16(const Array& a, const Array& b) {
  const ReplacedProduct emulated(emulated_product);
  const ProductPrecision precision(Precision::bfloat16);
  return kernels::matmul(a, b);
}

}  // namespace

TEST_CASE("bfloat16 takes the nearest number and of two the even one") {
  for (uint32_t upper = 0; upper < 0x7f80; ++upper) {
    for (const uint32_t lower : {0x0u, 0x1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float x = float_of(upper << 16 | lower);
      const auto expected = static_cast<float>(nearest(x));
      if (rounded(x) != expected || rounded(-x) != -expected) FAIL(x << " becomes " << rounded(x));
    }
  }
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(rounded(1.0f + 0x1p-8f) == 1.0f);
  CHECK(rounded(1.0f + 0x3p-8f) == 1.0f + 0x1p-6f);
  CHECK(rounded(std::numeric_limits<float>::max()) == infinity);
  CHECK(rounded(-infinity) == -infinity);
  CHECK(std::signbit(rounded(-0.0f)));
  for (const uint32_t nan : {0x7f800001u, 0x7fffffffu, 0xff800001u, 0xffffffffu}) {
    CHECK(std::isnan(rounded(float_of(nan))));
    CHECK(std::signbit(rounded(float_of(nan))) == (nan >> 31 == 1));
  }
}

TEST_CASE("a large product in bfloat16 is that of the rounded operands for every layout") {
  const Array a = numbers({83, 101}, float32, 1), b = numbers({101, 79}, float32, 2);
  const std::vector<double> expected = plain_product(a, b);
  for (const Array& left : {a, turned(a), with_gaps(a)}) {
    for (const Array& right : {b, turned(b), with_gaps(b)}) {
      const Array y = in_bfloat16(left, right);
      check_close(y, expected, 2e-5);
      CHECK_FALSE(same_bits(y, in_single(left, right)));
    }
  }
  const Array room = Array::full({83, 90}, 5, float32);
  {
    const ReplacedProduct emulated(emulated_product);
    const ProductPrecision precision(Precision::bfloat16);
    kernels::matmul_into(room.slice(1, 4, 83), a, b, true);
  }
  std::vector<double> sums = expected;
  for (double& value : sums) value += 5;
  check_close(room.slice(1, 4, 83), sums, 2e-5);
  CHECK(values(room.slice(1, 83, 90)) == std::vector<double>(7 * 83, 5));
}

TEST_CASE("batches in bfloat16 round each matrix and those that are shared once") {
  const Array a = numbers({3, 83, 101}, float32, 1), b = numbers({3, 101, 79}, float32, 2);
  for (const Array& left : {a, turned(a), numbers({83, 101}, float32, 3).expand({3, 83, 101})}) {
    for (const Array& right : {b, turned(b), numbers({101, 79}, float32, 4).expand({3, 101, 79})}) {
      check_close(in_bfloat16(left, right), plain_product(left, right), 2e-5);
    }
  }
  // Rows that are cut into pieces.
  const Array tall = numbers({1031, 67}, float32, 5), wide = numbers({67, 263}, float32, 6);
  check_close(in_bfloat16(tall, wide), plain_product(tall, wide), 2e-5);
}

TEST_CASE("products that would not gain by rounding and those in float64 keep their bits") {
  const auto keeps_bits = [](const Shape& a, const Shape& b, DType dtype) {
    const Array x = numbers(a, dtype, 1), y = numbers(b, dtype, 2);
    return same_bits(in_bfloat16(x, y), in_single(x, y));
  };
  CHECK(keeps_bits({23, 512}, {512, 512}, float32));     // few rows
  CHECK(keeps_bits({512, 512}, {512, 23}, float32));     // few columns
  CHECK(keeps_bits({512, 31}, {31, 512}, float32));      // short sums
  CHECK(keeps_bits({64, 64}, {64, 64}, float32));        // little work
  CHECK(keeps_bits({8, 64, 64}, {8, 64, 64}, float32));  // whatever their number
  CHECK(keeps_bits({256, 256}, {256, 256}, float64));
  CHECK_FALSE(keeps_bits({32, 512}, {512, 512}, float32));
  CHECK_FALSE(keeps_bits({512, 32}, {32, 512}, float32));
  CHECK_FALSE(keeps_bits({96, 96}, {96, 96}, float32));
}

TEST_CASE("a product in bfloat16 has the same bits for any number of threads") {
  const Array a = numbers({263, 131}, float32, 1), b = numbers({131, 521}, float32, 2);
  check_same_bits_for_threads([&] { return in_bfloat16(a, b); });
  check_same_bits_for_threads([&] { return in_bfloat16(turned(a), turned(b)); });
  const Array c = numbers({7, 97, 101}, float32, 3), d = numbers({7, 101, 89}, float32, 4);
  check_same_bits_for_threads([&] { return in_bfloat16(c, d); });
}

TEST_CASE("NaN and infinity go through a product in bfloat16") {
  const Array a = numbers({83, 101}, float32, 1), b = numbers({101, 79}, float32, 2);
  static_cast<float*>(a.raw())[5 * 101 + 7] = float_of(0x7f800001u);
  static_cast<float*>(a.raw())[6 * 101 + 7] = std::numeric_limits<float>::infinity();
  const std::vector<double> y = values(in_bfloat16(a, b));
  for (std::size_t j = 0; j < 79; ++j) {
    CHECK(std::isnan(y[5 * 79 + j]));
    CHECK_FALSE(std::isfinite(y[6 * 79 + j]));
    CHECK(std::isfinite(y[7 * 79 + j]));
  }
}

TEST_CASE("bfloat16 without what it needs is an error that names it and changes nothing") {
  CHECK(missing_for_bfloat16(true, true, true).empty());
  CHECK_THAT(missing_for_bfloat16(false, true, false),
             Contains("a processor with AVX512_BF16 or AMX-BF16") && !Contains("oneDNN"));
  CHECK_THAT(missing_for_bfloat16(false, false, false),
             Contains("AVX512_BF16") && Contains(" and ") && Contains("built with oneDNN"));
  CHECK_THAT(missing_for_bfloat16(true, false, false),
             Contains("libdnnl-dev") && !Contains("processor"));
  CHECK_THAT(missing_for_bfloat16(true, true, false), Contains("ONEDNN_MAX_CPU_ISA"));
  CHECK_NOTHROW(check_precision(Precision::single));
  if (has_bfloat16() && onednn::is_fast()) return;
  CHECK_THROWS_AS(ProductPrecision(Precision::bfloat16), ConfigError);
  CHECK_THROWS_WITH(check_precision(Precision::bfloat16), Contains("precision: bfloat16 needs a"));
  CHECK(product_precision == Precision::single);
}

TEST_CASE("products that are wrong are refused before they are used") {
  CHECK_NOTHROW(test_product(emulated_product));
  const auto wrong = {+[](const Gemm& p) {
                        Gemm other = p;
                        other.transpose_b = false;
                        other.ldb = p.n;
                        emulated_product(other);
                      },
                      +[](const Gemm& p) {
                        Gemm other = p;
                        other.accumulate = false;
                        emulated_product(other);
                      },
                      +[](const Gemm& p) {
                        Gemm other = p;
                        other.k -= 1;
                        emulated_product(other);
                      },
                      +[](const Gemm& p) {
                        Gemm other = p;
                        other.m -= 1;
                        emulated_product(other);
                      }};
  for (const Bfloat16Product product : wrong) {
    CHECK_THROWS_AS(test_product(product), NumericError);
    const ReplacedProduct replaced(product);
    CHECK_THROWS_WITH(ProductPrecision(Precision::bfloat16), Contains("wrong products"));
  }
}
