// How oneDNN is called. Its products in bfloat16 need a newer processor than most, so the call is
// tried with operands in float32, which differ in nothing but their type.
#include "../../core/onednn.hpp"

#include <dlfcn.h>

#include "../../core/bfloat16.hpp"
#include "../../core/cpu.hpp"
#include "../../core/error.hpp"
#include "kernel_helpers.hpp"
#include "threads.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

bool skipped() {
  if (!onednn::is_there()) WARN("skipped: heed is built without oneDNN");
  return !onednn::is_there();
}

/// A product whose matrices lie in wider rows, by oneDNN and by BLAS.
struct Comparison {
  Comparison(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, bool accumulate) {
    const auto stored = [](int64_t rows, int64_t columns, bool transposed, uint32_t seed) {
      return numbers({transposed ? columns : rows, (transposed ? rows : columns) + 3}, float32,
                     seed);
    };
    a = stored(m, k, transpose_a, 1);
    b = stored(k, n, transpose_b, 2);
    expected = stored(m, n, false, 3);
    got = expected.clone();
    product = {float32,        m,           n,         k,         a.raw(),
               a.size(1),      transpose_a, b.raw(),   b.size(1), transpose_b,
               expected.raw(), n + 3,       accumulate};
    gemm(product);
    product.c = got.raw();
  }
  Array a, b, expected, got;
  Gemm product;
};

}  // namespace

TEST_CASE("oneDNN is told sizes and layouts and distances of rows and what to add to") {
  if (skipped()) return;
  for (const auto& [m, n, k] : {std::tuple{37, 53, 61}, std::tuple{64, 48, 32}, std::tuple{5, 7, 3},
                                std::tuple{16, 1, 9}, std::tuple{1, 19, 9}}) {
    for (int choice = 0; choice < 8; ++choice) {
      INFO(m << " " << n << " " << k << ", choice " << choice);
      Comparison c(m, n, k, choice & 1, choice & 2, choice & 4);
      onednn::multiply(c.product, onednn::Operands::float32);
      check_close(c.got, c.expected, 2e-5);
    }
  }
}

TEST_CASE("threads run one plan of oneDNN at the same time") {
  if (skipped()) return;
  const Threads four(4);
  const Comparison one(64, 48, 100, false, true, false);
  Array all = Array::empty({200, 64, 51}, float32);
  parallel_for(200, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Gemm product = one.product;
      product.c = static_cast<float*>(all.raw()) + i * 64 * 51;
      onednn::multiply(product, onednn::Operands::float32);
    }
  });
  const Array expected = one.expected.slice(1, 0, 48);
  for (int64_t i = 0; i < 200; ++i) check_close(all.select(0, i).slice(1, 0, 48), expected, 2e-5);
}

TEST_CASE("oneDNN leaves the program's number of OpenMP threads as it was") {
  if (skipped()) return;
  const auto get = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (!get || !set) return;  // a oneDNN without OpenMP
  const int before = get();
  set(3);
  Comparison c(64, 48, 32, false, false, false);
  onednn::multiply(c.product, onednn::Operands::float32);
  CHECK(get() == 3);
  set(before);
}

TEST_CASE("oneDNN multiplies in bfloat16 where the processor can") {
  if (skipped()) return;
  if (has_bfloat16()) {
    CHECK(onednn::is_fast());
    CHECK_NOTHROW(test_product(onednn::multiply_bfloat16));
    return;
  }
  WARN("skipped: this processor has no instructions for bfloat16");
}

TEST_CASE("what oneDNN or a build without it cannot do is an Error") {
  if (!onednn::is_there()) {
    CHECK_THROWS_WITH(onednn::multiply({}, onednn::Operands::float32),
                      Catch::Contains("built without"));
    CHECK_FALSE(onednn::is_fast());
    return;
  }
  Comparison c(16, 8, 4, false, false, false);
  c.product.lda = -1;
  CHECK_THROWS_WITH(onednn::multiply(c.product, onednn::Operands::float32),
                    Catch::Contains("oneDNN: "));
}
