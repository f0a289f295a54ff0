#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Products of a few rows with a matrix that is stored by its columns.
template <class T>
struct ProductLoops {
  /// c += a b^T: a [m, k], b [n, k], c [m, n], the numbers of a row side by side in each; `lda`,
  /// `ldb`, `ldc` from a row to the next. b is read from memory once, as it lies: to pack it, as a
  /// BLAS does, costs more than to multiply few rows with it.
  void (*few_rows)(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b,
                   int64_t ldb, T* c, int64_t ldc);
};

using ProductTables = FloatingLoops<ProductLoops>;

HEED_DECLARE_TABLE(ProductTables, product_loops)

}  // namespace heed::loops
