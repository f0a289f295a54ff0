#include <atomic>
#include <limits>
#include <thread>
#include <tuple>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/kernels/elementwise.hpp"
#include "../../core/kernels/products.hpp"
#include "../../core/parallel.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

/// Plain sums in double for [..., M, K] x [..., K, N].
std::vector<double> plain_product(const Array& a, const Array& b) {
  const std::vector<double> x = values(a), y = values(b);
  const int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  int64_t batch = 1;
  for (int axis = 0; axis + 2 < a.rank(); ++axis) batch *= a.size(axis);
  std::vector<double> result;
  for (int64_t t = 0; t < batch; ++t) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < k; ++l) {
          sum += x[static_cast<std::size_t>((t * m + i) * k + l)] *
                 y[static_cast<std::size_t>((t * k + l) * n + j)];
        }
        result.push_back(sum);
      }
    }
  }
  return result;
}

void check_product(const Array& a, const Array& b) {
  const Array y = kernels::matmul(a, b);
  CHECK(y.is_contiguous());
  // Rounding errors of a sum grow like the square root of its length.
  const double root = std::sqrt(static_cast<double>(a.size(-1)));
  check_close(y, plain_product(a, b), root * tolerance(a.dtype(), 2e-6, 4e-15));
}

}  // namespace

TEST_CASE("A product agrees with plain sums for every layout of its operands") {
  for (const DType dtype : {float32, float64}) {
    const Array a = numbers({37, 61}, dtype, 1), b = numbers({61, 53}, dtype, 2);
    for (const Array& left : {a, turned(a), with_gaps(a)}) {
      for (const Array& right : {b, turned(b), with_gaps(b)}) check_product(left, right);
    }
    const Array wide = numbers({37, 67}, dtype, 3), tall = numbers({61, 71}, dtype, 4);
    check_product(wide.slice(1, 3, 64), tall.slice(1, 5, 58));  // strided rows
    check_product(numbers({37, 1}, dtype, 5).expand({37, 61}), b);
    check_product(a, numbers({1, 53}, dtype, 6).expand({61, 53}));
  }
}

TEST_CASE("linear has the bits of a product added to its bias in every row") {
  for (const DType dtype : {float32, float64}) {
    for (const auto& [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{3, 5, 7},
                                  {1, 300, 64},
                                  {150, 700, 65},
                                  {5, 1031, 97},
                                  {2, 3, 96},
                                  {4, 3, 0},
                                  {0, 3, 2}}) {
      const Array x = numbers({m, k}, dtype, 1), w = numbers({n, k}, dtype, 2);
      const Array bias = numbers({2 * n}, dtype, 3).slice(0, 0, 2 * n, 2);
      Array wanted = bias.expand({m, n}).clone();
      kernels::add_matmul(wanted, x, w.transpose(0, 1));
      CHECK(same_bits(kernels::linear(x, w, bias), wanted));
      CHECK(same_bits(kernels::linear(x, w, Array()), kernels::matmul(x, w.transpose(0, 1))));
    }
  }
}

TEST_CASE("Rows, columns and single numbers multiply like any matrix") {
  for (const DType dtype : {float32, float64}) {
    for (const auto& [m, n, k] :
         {std::tuple{1, 53, 61}, std::tuple{37, 1, 61}, std::tuple{1, 1, 61}, std::tuple{37, 53, 1},
          std::tuple{1, 53, 1}, std::tuple{1, 1, 1}}) {
      const Array a = numbers({m, k}, dtype, 1), b = numbers({k, n}, dtype, 2);
      for (const Array& left : {a, turned(a), with_gaps(a)}) {
        for (const Array& right : {b, turned(b), with_gaps(b)}) check_product(left, right);
      }
    }
  }
}

TEST_CASE("A few rows agree with plain sums beside a matrix of any size and layout") {
  for (const DType dtype : {float32, float64}) {
    for (int64_t m = 2; m <= 7; ++m) {
      for (const int64_t n : {2, 3, 4, 7, 41}) {
        for (const int64_t k : {95, 96, 97, 98, 103, 112, 121}) {
          const Array a = numbers({m, k}, dtype, 1), w = numbers({n, k}, dtype, 2);
          check_product(a, w.transpose(0, 1));
          check_product(turned(a), w.transpose(0, 1));
          const Array wide = numbers({m, k + 3}, dtype, 3).slice(1, 2, k + 2);
          check_product(wide, numbers({n, k + 5}, dtype, 4).slice(1, 1, k + 1).transpose(0, 1));
        }
      }
    }
    const Array batch = numbers({3, 5, 4, 97}, dtype, 5);
    check_product(batch, numbers({3, 5, 41, 97}, dtype, 6).transpose(-2, -1));
    check_product(with_gaps(batch),
                  numbers({41, 97}, dtype, 7).transpose(0, 1).expand({3, 5, 97, 41}));
    check_product(numbers({4, 97}, dtype, 8).expand({3, 5, 4, 97}),
                  numbers({3, 5, 41, 97}, dtype, 6).transpose(-2, -1));
    const Array a = numbers({5, 96}, dtype, 1), w = numbers({1031, 96}, dtype, 2);
    check_same_bits_for_threads([&] { return kernels::matmul(a, w.transpose(0, 1)); });
    const Array room = Array::full({5, 1040}, 5, dtype), into = room.slice(1, 4, 1035);
    std::vector<double> product = plain_product(a, w.transpose(0, 1));
    kernels::matmul_into(into, a, w.transpose(0, 1), false);
    check_close(into, product, tolerance(dtype, 2e-5, 1e-13));
    kernels::matmul_into(into, a, w.transpose(0, 1), true);
    for (double& value : product) value *= 2;
    check_close(into, product, tolerance(dtype, 2e-5, 1e-13));
    CHECK(values(room.slice(1, 0, 4)) == std::vector<double>(20, 5));
    CHECK(values(room.slice(1, 1035, 1040)) == std::vector<double>(25, 5));
  }
}

TEST_CASE("Products that are cut into pieces agree with plain sums") {
  check_product(numbers({263, 131}, float32, 1), numbers({131, 521}, float32, 2));
  check_product(turned(numbers({263, 131}, float32, 1)), turned(numbers({131, 521}, float32, 2)));
  check_product(numbers({1031, 67}, float64, 1), numbers({67, 73}, float64, 2));
  check_product(numbers({97, 1009}, float32, 1), numbers({1009, 101}, float32, 2));
  check_product(numbers({1, 1031}, float32, 1), numbers({1031, 2053}, float32, 2));
}

TEST_CASE("Batches multiply pairwise, whatever their strides") {
  for (const DType dtype : {float32, float64}) {
    const Array a = numbers({3, 5, 7, 11}, dtype, 1), b = numbers({3, 5, 11, 13}, dtype, 2);
    for (const Array& left : {a, turned(a), with_gaps(a)}) {
      for (const Array& right : {b, turned(b), with_gaps(b)}) check_product(left, right);
    }
    // Heads split off and moved forward: [B, S, H, K] seen as [B, H, S, K].
    const Array q = numbers({3, 7, 5, 11}, dtype, 3).permute({0, 2, 1, 3});
    const Array key = numbers({3, 13, 5, 11}, dtype, 4).permute({0, 2, 3, 1});
    check_product(q, key);
  }
}

TEST_CASE("Expanded batches are read in place, also where they are one tall product") {
  for (const DType dtype : {float32, float64}) {
    const Array shared = numbers({11, 13}, dtype, 1).expand({3, 5, 11, 13});
    check_product(numbers({3, 5, 7, 11}, dtype, 2), shared);
    check_product(turned(numbers({3, 5, 7, 11}, dtype, 2)), shared);
    check_product(numbers({3, 7, 5, 11}, dtype, 2).permute({0, 2, 1, 3}), shared);
    check_product(numbers({3, 5, 1, 11}, dtype, 3), shared);
    check_product(numbers({3, 5, 1, 17}, dtype, 3).slice(3, 2, 13), shared);
    check_product(numbers({7, 11}, dtype, 4).expand({3, 5, 7, 11}), shared);
    check_product(numbers({7, 11}, dtype, 4).expand({3, 5, 7, 11}),
                  numbers({3, 5, 11, 13}, dtype, 5));
    check_product(numbers({1, 5, 7, 11}, dtype, 6).expand({3, 5, 7, 11}),
                  with_gaps(numbers({11, 13}, dtype, 7)).expand({3, 5, 11, 13}));
  }
}

TEST_CASE("matmul_into writes or adds into rows of any stride and leaves the rest alone") {
  for (const DType dtype : {float32, float64}) {
    const Array a = numbers({3, 7, 11}, dtype, 1), b = numbers({3, 11, 13}, dtype, 2);
    const std::vector<double> product = plain_product(a, b);
    const Array room = Array::full({3, 7, 19}, 5, dtype);
    const Array into = room.slice(2, 4, 17);
    kernels::matmul_into(into, a, b, false);
    check_close(into, product, tolerance(dtype, 2e-5, 1e-13));
    kernels::matmul_into(into, a, b, true);
    std::vector<double> twice = product;
    for (double& value : twice) value *= 2;
    check_close(into, twice, tolerance(dtype, 2e-5, 1e-13));
    // A shared right side, but results that do not lie as one matrix.
    const Array matrix = numbers({11, 13}, dtype, 3).expand({3, 11, 13});
    kernels::matmul_into(into, a, matrix, false);
    check_close(into, plain_product(a, matrix), tolerance(dtype, 2e-5, 1e-13));
    const Array gaps = Array::zeros({3, 9, 13}, dtype);
    kernels::matmul_into(gaps.slice(1, 1, 8), a, matrix, false);
    check_close(gaps.slice(1, 1, 8), plain_product(a, matrix), tolerance(dtype, 2e-5, 1e-13));
    CHECK(values(room.slice(2, 0, 4)) == std::vector<double>(84, 5));
    CHECK(values(room.slice(2, 17, 19)) == std::vector<double>(42, 5));
  }
}

TEST_CASE("Old values, even NaN, do not enter a product that does not accumulate") {
  for (const auto& [m, n, k] : {std::tuple{7, 13, 11}, std::tuple{1, 13, 11}, std::tuple{7, 1, 11},
                                std::tuple{5, 13, 101}}) {
    const Array into = Array::full({m, n}, std::numeric_limits<double>::quiet_NaN(), float32);
    const Array a = numbers({m, k}, float32, 1), b = numbers({k, n}, float32, 2);
    kernels::matmul_into(into, a, b, false);
    check_close(into, plain_product(a, b), 2e-5);
    kernels::matmul_into(into, a, turned(b), false);
    check_close(into, plain_product(a, b), 2e-5);
  }
}

TEST_CASE("Empty extents give empty or zero products") {
  for (const DType dtype : {float32, float64}) {
    CHECK(kernels::matmul(Array::empty({0, 5}, dtype), numbers({5, 3}, dtype, 1)).shape() ==
          Shape{0, 3});
    CHECK(kernels::matmul(numbers({2, 5}, dtype, 1), Array::empty({5, 0}, dtype)).shape() ==
          Shape{2, 0});
    CHECK(kernels::matmul(Array::empty({0, 2, 5}, dtype), Array::empty({0, 5, 3}, dtype)).shape() ==
          Shape{0, 2, 3});
    const Array zeros = kernels::matmul(Array::empty({2, 0}, dtype), Array::empty({0, 3}, dtype));
    CHECK(values(zeros) == std::vector<double>(6, 0));
    const Array kept = Array::full({2, 3}, 4, dtype);
    kernels::matmul_into(kept, Array::empty({2, 0}, dtype), Array::empty({0, 3}, dtype), true);
    CHECK(values(kept) == std::vector<double>(6, 4));
  }
}

TEST_CASE("An extent that BLAS cannot take is a ShapeError") {
  const int64_t huge = int64_t{1} << 31;
  const Array one = Array::full({1, 1}, 1);
  CHECK_THROWS_AS(kernels::matmul(one.expand({1, huge}), one.expand({huge, 1})), ShapeError);
  CHECK_THROWS_WITH(kernels::matmul(one.expand({huge, 1}), one),
                    Catch::Contains("[2147483648, 1]") && Catch::Contains("at most 2147483647"));
  CHECK_THROWS_AS(kernels::matmul_into(one, one.expand({1, huge}), one.expand({huge, 1}), true),
                  ShapeError);
  Gemm product;
  product.m = product.n = 2;
  product.k = product.lda = huge;
  CHECK_THROWS_AS(gemm(product), ShapeError);
}

TEST_CASE("A product has the same bits for any number of threads") {
  for (const DType dtype : {float32, float64}) {
    const Array a = numbers({263, 131}, dtype, 1), b = numbers({131, 521}, dtype, 2);
    check_same_bits_for_threads([&] { return kernels::matmul(a, b); });
    check_same_bits_for_threads([&] { return kernels::matmul(turned(a), turned(b)); });
    const Array c = numbers({97, 1009}, dtype, 3), d = numbers({1009, 101}, dtype, 4);
    check_same_bits_for_threads([&] { return kernels::matmul(c, d); });
    const Array e = numbers({29, 31, 37}, dtype, 5), f = numbers({29, 37, 41}, dtype, 6);
    check_same_bits_for_threads([&] { return kernels::matmul(e, f); });
    const Array g = numbers({1, 1031}, dtype, 7), h = numbers({1031, 2053}, dtype, 8);
    check_same_bits_for_threads([&] { return kernels::matmul(g, h); });
  }
}

TEST_CASE("Many products at once on several threads stay right") {
  const Array a = numbers({251, 31, 37}, float32, 1), b = numbers({251, 37, 41}, float32, 2);
  const int before = threads();
  set_threads(4);
  for (int round = 0; round < 5; ++round) check_product(a, b);
  set_threads(before);
}

TEST_CASE("OpenBLAS runs on the calling thread alone and passes the self-test") {
  const BlasInfo info = blas_info();
  CHECK(info.threads == 1);
  CHECK(info.config.find("OpenBLAS") != std::string::npos);
  CHECK_FALSE(info.core.empty());
  CHECK_NOTHROW(blas_self_test());
}

TEST_CASE("Operands that must be copied for BLAS are right while other threads multiply too") {
  const int threads_before = threads();
  set_threads(1);
  std::atomic<int> started{0};
  std::atomic<int> wrong{0};
  const auto work = [&](double factor) {
    const Array a = Array::full({96, 192}, factor, float64).slice(1, 0, 192, 2);
    const Array b = Array::full({96, 192}, 1, float64).slice(1, 0, 192, 2);
    for (++started; started < 2;) std::this_thread::yield();
    for (int i = 0; i < 300; ++i) {
      const Array y = kernels::matmul(a, b);
      if (y.at({0, 0}) != 96 * factor || y.at({95, 95}) != 96 * factor) ++wrong;
    }
  };
  std::thread first(work, 2), second(work, 3);
  first.join();
  second.join();
  set_threads(threads_before);
  CHECK(wrong == 0);
}
