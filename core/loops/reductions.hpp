#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// out[r] = reduction of x[r * stride] ... x[r * stride + n - 1], for `rows` rows.
using RowsLoop = void (*)(int64_t rows, int64_t n, const void* x, int64_t stride, void* out);
/// out[j] = reduction of x[j], x[j + stride], ..., x[j + (n - 1) * stride], for `columns` columns.
using ColumnsLoop = void (*)(int64_t n, int64_t columns, const void* x, int64_t stride, void* out);

/// One reduction, by [element type of x][of out] in the order of DType; null where not needed.
/// float64 stands for partial results, which are reduced again.
struct Reduction {
  RowsLoop rows[3][3];
  ColumnsLoop columns[3][3];
};

/// Order within a row or column is fixed. Sums and products run in double (sums of int32 in int64);
/// NaN is the largest, and the smallest.
struct ReductionLoops {
  Reduction sum, product, max, min;
  /// int32 results: the first largest, the first smallest.
  RowsLoop argmax[3], argmin[3];
  double (*sum_of_squares[2])(int64_t n, const void* x);
  bool (*all_finite[2])(int64_t n, const void* x);
};

HEED_DECLARE_TABLE(ReductionLoops, reduction_loops)

}  // namespace heed::loops
