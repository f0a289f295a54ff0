// The only file that calls BLAS.
#include "blas.hpp"

#include <cblas.h>
#include <sys/mman.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "error.hpp"
#include "parallel.hpp"

// How OpenBLAS itself takes and gives back a buffer. Builds that hide them do without.
extern "C" {
[[gnu::weak]] void* blas_memory_alloc(int);
[[gnu::weak]] void blas_memory_free(void*);
}

namespace heed {

namespace {

/// heed cuts its products itself, so OpenBLAS keeps to the calling thread: its own threads would
/// fight heed's for the cores.
void use_one_thread() {
  static const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

/// Throws unless OpenBLAS finds `count` more of its buffers; then it has them.
void take_buffers(int count) {
  constexpr std::size_t buffer = std::size_t{1} << 27;
  const std::size_t bytes = buffer * static_cast<std::size_t>(count);
  // Addresses alone: together they may be more than the machine's memory, of which little is used.
  constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void* trial = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (trial == MAP_FAILED) {
    throw Error(
        "out of memory: OpenBLAS needs " + std::to_string(bytes >> 20) + " MiB of addresses for " +
        std::to_string(count) + (count > 1 ? " threads" : " thread") +
        ", more than this process may have; raise its limit (ulimit -v) or use fewer threads"
        " (--threads)");
  }
  ::munmap(trial, bytes);
  if (!blas_memory_alloc || !blas_memory_free) return;
  std::vector<void*> taken;
  for (int i = 0; i < count; ++i) taken.push_back(blas_memory_alloc(0));
  for (void* one : taken) blas_memory_free(one);
}

/// Each thread that multiplies needs a buffer of OpenBLAS's, and where there is no room for it
/// OpenBLAS tries again for ever. So it gets them before the first product.
void reserve_buffers() {
  static std::atomic<int> reserved{0};
  static std::mutex mutex;
  const int wanted = threads();
  if (reserved.load(std::memory_order_acquire) >= wanted) return;
  const std::lock_guard lock(mutex);
  if (reserved >= wanted) return;
  take_buffers(wanted - reserved);
  reserved = wanted;
}

blasint narrowed(int64_t extent) {
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  if (extent > limit) {
    throw ShapeError("matmul: an extent or row distance of " + std::to_string(extent) +
                     " is more than BLAS takes; at most " + std::to_string(limit));
  }
  return static_cast<blasint>(extent);
}

CBLAS_TRANSPOSE transpose_flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }

void call_gemm(const Gemm& p, const float* a, const float* b, float* c) {
  cblas_sgemm(CblasRowMajor, transpose_flag(p.transpose_a), transpose_flag(p.transpose_b),
              narrowed(p.m), narrowed(p.n), narrowed(p.k), 1, a, narrowed(p.lda), b,
              narrowed(p.ldb), p.accumulate ? 1.0f : 0.0f, c, narrowed(p.ldc));
}

void call_gemm(const Gemm& p, const double* a, const double* b, double* c) {
  cblas_dgemm(CblasRowMajor, transpose_flag(p.transpose_a), transpose_flag(p.transpose_b),
              narrowed(p.m), narrowed(p.n), narrowed(p.k), 1, a, narrowed(p.lda), b,
              narrowed(p.ldb), p.accumulate ? 1.0 : 0.0, c, narrowed(p.ldc));
}

/// y += op(matrix) x, where the stored matrix is [rows, columns].
struct Gemv {
  bool transpose;
  int64_t rows, columns, ld, step_x, step_y;
};

void call_gemv(const Gemv& p, const float* matrix, const float* x, float* y) {
  cblas_sgemv(CblasRowMajor, transpose_flag(p.transpose), narrowed(p.rows), narrowed(p.columns), 1,
              matrix, narrowed(p.ld), x, narrowed(p.step_x), 1, y, narrowed(p.step_y));
}

void call_gemv(const Gemv& p, const double* matrix, const double* x, double* y) {
  cblas_dgemv(CblasRowMajor, transpose_flag(p.transpose), narrowed(p.rows), narrowed(p.columns), 1,
              matrix, narrowed(p.ld), x, narrowed(p.step_x), 1, y, narrowed(p.step_y));
}

template <class T>
void set_to_zero(T* c, int64_t m, int64_t n, int64_t ldc) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = 0;
  }
}

/// One row or one column of results: a product of a matrix with a vector, which needs no packing.
template <class T>
void multiply_vector(const Gemm& p, const T* a, const T* b, T* c) {
  // Zeroed here: a BLAS may multiply old values, even NaN, by beta = 0.
  if (!p.accumulate) set_to_zero(c, p.m, p.n, p.ldc);
  if (p.m == 1) {
    const int64_t rows = p.transpose_b ? p.n : p.k, columns = p.transpose_b ? p.k : p.n;
    call_gemv({!p.transpose_b, rows, columns, p.ldb, p.transpose_a ? p.lda : 1, 1}, b, a, c);
  } else {
    const int64_t rows = p.transpose_a ? p.k : p.m, columns = p.transpose_a ? p.m : p.k;
    call_gemv({p.transpose_a, rows, columns, p.lda, p.transpose_b ? 1 : p.ldb, p.ldc}, a, b, c);
  }
}

template <class T>
void multiply(const Gemm& p) {
  const auto* a = static_cast<const T*>(p.a);
  const auto* b = static_cast<const T*>(p.b);
  auto* c = static_cast<T*>(p.c);
  if (p.k == 0) {
    if (!p.accumulate) set_to_zero(c, p.m, p.n, p.ldc);
  } else if (p.m == 1 || p.n == 1) {
    multiply_vector(p, a, b, c);
  } else {
    call_gemm(p, a, b, c);
  }
}

/// OpenBLAS packs operands into a buffer of its own. Its kernels for Haswell and Zen prefetch
/// beyond what a product has packed, and while those pages have never been written every such
/// prefetch walks the page tables in vain: products with k above 192 run at a third of their speed.
/// A product of several blocks of rows writes them. A thread pays for it (2 ms) once, when it has
/// done enough to gain by it.
void touch_packing_buffer(const Gemm& p) {
  static thread_local double work = 0;
  constexpr double enough = 1e8;
  if (work > enough) return;
  work += static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  if (work <= enough) return;
  constexpr int64_t m = 128, n = 1024, k = 128;
  const std::vector<float> a(m * k), b(n * k);
  std::vector<float> c(m * n);
  call_gemm({float32, m, n, k, a.data(), k, false, b.data(), k, true, c.data(), n, false}, a.data(),
            b.data(), c.data());
}

/// The largest error of a product of sizes m, n, k against plain sums, relative to sum |a b|.
template <class T>
double product_error(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  const auto entry = [](int64_t i) { return static_cast<T>((i * 7919 % 1009) - 504) / T{504}; };
  std::vector<T> a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n));
  std::vector<T> c(static_cast<std::size_t>(m * n));
  for (int64_t i = 0; i < m * k; ++i) a[static_cast<std::size_t>(i)] = entry(i + 3);
  for (int64_t i = 0; i < k * n; ++i) b[static_cast<std::size_t>(i)] = entry(i + 5);
  gemm({dtype_of<T>, m, n, k, a.data(), transpose_a ? m : k, transpose_a, b.data(),
        transpose_b ? k : n, transpose_b, c.data(), n, false});
  double worst = 0;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double exact = 0, size = 0;
      for (int64_t l = 0; l < k; ++l) {
        const double term =
            static_cast<double>(a[static_cast<std::size_t>(transpose_a ? l * m + i : i * k + l)]) *
            static_cast<double>(b[static_cast<std::size_t>(transpose_b ? j * k + l : l * n + j)]);
        exact += term;
        size += std::abs(term);
      }
      const auto got = static_cast<double>(c[static_cast<std::size_t>(i * n + j)]);
      const double error = std::abs(got - exact) / size;
      // Written so that NaN counts as wrong.
      if (!(error <= worst)) worst = std::isnan(error) ? 1 : error;
    }
  }
  return worst;
}

template <class T>
void test_products() {
  static constexpr int64_t sizes[][3] = {
      {37, 53, 61}, {128, 128, 128}, {257, 16, 129}, {1, 61, 53}, {61, 1, 53}};
  for (const auto& [m, n, k] : sizes) {
    for (int transposes = 0; transposes < 4; ++transposes) {
      const double error = product_error<T>(m, n, k, (transposes & 1) != 0, (transposes & 2) != 0);
      if (error > 64 * static_cast<double>(std::numeric_limits<T>::epsilon())) {
        const std::string core = blas_info().core;
        throw NumericError(
            "OpenBLAS computes wrong products with its " + core +
            " kernels; set OPENBLAS_CORETYPE to another, such as Haswell or Nehalem, or "
            "install another version of OpenBLAS");
      }
    }
  }
}

}  // namespace

void gemm(const Gemm& product) {
  use_one_thread();
  reserve_buffers();
  if (product.m == 0 || product.n == 0) return;
  touch_packing_buffer(product);
  product.dtype == float64 ? multiply<double>(product) : multiply<float>(product);
}

void gemm_with_blas_threads(const Gemm& product, int count) {
  use_one_thread();
  struct BlasThreads {
    explicit BlasThreads(int number) { openblas_set_num_threads(number); }
    ~BlasThreads() { openblas_set_num_threads(1); }
  };
  const BlasThreads while_it_multiplies(count);
  gemm(product);
}

BlasInfo blas_info() {
  use_one_thread();
  return {openblas_get_config(), openblas_get_corename(), openblas_get_num_threads()};
}

void blas_self_test() {
  test_products<float>();
  test_products<double>();
}

}  // namespace heed
