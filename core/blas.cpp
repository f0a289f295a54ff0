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

/// A product [m, k] x [k, n] by plain sums, and with each result the sum of its |a b|.
struct Example {
  Example(int64_t m_in, int64_t n_in, int64_t k_in)
      : m(m_in), n(n_in), k(k_in), a(numbers(m * k, 3)), b(numbers(k * n, 5)) {
    exact.resize(static_cast<std::size_t>(m * n));
    size.resize(exact.size());
    for (int64_t i = 0; i < m; ++i) {
      double *sums = exact.data() + i * n, *sizes = size.data() + i * n;
      for (int64_t l = 0; l < k; ++l) {
        const double factor = a[static_cast<std::size_t>(i * k + l)], *row = b.data() + l * n;
        for (int64_t j = 0; j < n; ++j) {
          sums[j] += factor * row[j];
          sizes[j] += std::abs(factor * row[j]);
        }
      }
    }
  }

  /// Floats, so that both types have the same ones.
  static std::vector<double> numbers(int64_t count, int64_t first) {
    std::vector<double> list;
    for (int64_t i = first; i < first + count; ++i) {
      list.push_back(static_cast<float>((i * 7919 % 1009) - 504) / 504.0f);
    }
    return list;
  }

  int64_t m, n, k;
  std::vector<double> a, b, exact, size;
};

/// A matrix [rows, columns] as T, stored as it is or transposed.
template <class T>
std::vector<T> stored(const std::vector<double>& matrix, int64_t rows, int64_t columns,
                      bool transposed) {
  if (!transposed) return {matrix.begin(), matrix.end()};
  std::vector<T> result;
  result.reserve(matrix.size());
  for (int64_t j = 0; j < columns; ++j) {
    for (int64_t i = 0; i < rows; ++i) {
      result.push_back(static_cast<T>(matrix[static_cast<std::size_t>(i * columns + j)]));
    }
  }
  return result;
}

/// The largest error of BLAS's product, relative to sum |a b|.
template <class T>
double product_error(const Example& x, bool transpose_a, bool transpose_b) {
  const std::vector<T> a = stored<T>(x.a, x.m, x.k, transpose_a),
                       b = stored<T>(x.b, x.k, x.n, transpose_b);
  std::vector<T> c(x.exact.size());
  gemm({dtype_of<T>, x.m, x.n, x.k, a.data(), transpose_a ? x.m : x.k, transpose_a, b.data(),
        transpose_b ? x.k : x.n, transpose_b, c.data(), x.n, false});
  double worst = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const double error = std::abs(static_cast<double>(c[i]) - x.exact[i]) / x.size[i];
    // Written so that NaN counts as wrong.
    if (!(error <= worst)) worst = std::isnan(error) ? 1 : error;
  }
  return worst;
}

template <class T>
void test_products(const Example& example) {
  for (int transposes = 0; transposes < 4; ++transposes) {
    const double error = product_error<T>(example, (transposes & 1) != 0, (transposes & 2) != 0);
    if (error <= 64 * static_cast<double>(std::numeric_limits<T>::epsilon())) continue;
    throw NumericError("OpenBLAS computes wrong products with its " + blas_info().core +
                       " kernels; set OPENBLAS_CORETYPE to another, such as Haswell or Nehalem, "
                       "or install another version of OpenBLAS");
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
  static constexpr int64_t sizes[][3] = {
      {37, 53, 61}, {128, 128, 128}, {257, 16, 129}, {1, 61, 53}, {61, 1, 53}};
  for (const auto& [m, n, k] : sizes) {
    const Example example(m, n, k);
    test_products<float>(example);
    test_products<double>(example);
  }
}

}  // namespace heed
