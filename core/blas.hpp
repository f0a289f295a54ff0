#pragma once

#include <cstdint>
#include <string>

#include "array.hpp"

namespace heed {

/// One row-major matrix product for BLAS: c = op(a) op(b) + (accumulate ? c : 0), where op(a) is
/// [m, k], op(b) [k, n], c [m, n]. `ld` is the distance between stored rows; a transposed operand
/// is stored as the transpose of its role. Operands must not overlap c.
struct Gemm {
  DType dtype = float32;
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;
  int64_t lda = 0;
  bool transpose_a = false;
  const void* b = nullptr;
  int64_t ldb = 0;
  bool transpose_b = false;
  void* c = nullptr;
  int64_t ldc = 0;
  bool accumulate = false;
};

/// Computes the product on the calling thread, by one call of BLAS. Any extent may be 0 (k = 0: an
/// empty sum). An extent or distance beyond INT32_MAX is a `ShapeError`. The first product is an
/// `Error` where OpenBLAS's buffers (128 MiB of addresses for each thread) find no room.
void gemm(const Gemm& product);
/// The same by up to `count` of BLAS's own threads, to compare with; not while others multiply.
void gemm_with_blas_threads(const Gemm& product, int count);

/// Which BLAS this is: OpenBLAS's configuration string, the kernels that it chose for this
/// processor, and its number of threads (1: heed cuts the products and owns the threads).
struct BlasInfo {
  std::string config, core;
  int threads = 0;
};
BlasInfo blas_info();

/// Multiplies a few matrices and compares them with plain sums. Throws `NumericError` naming the
/// kernels and what to try where they are wrong.
void blas_self_test();

}  // namespace heed
