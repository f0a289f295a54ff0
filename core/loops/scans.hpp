#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Running sums of `columns` columns of n elements, element r of column j at [r * stride + j] of
/// both arrays; summed in double. A negative stride runs backwards from the last row.
template <class T>
struct ScanLoops {
  void (*cumsum)(int64_t n, int64_t columns, const T* x, T* y, int64_t stride);
};

using ScanTables = FloatingLoops<ScanLoops>;

HEED_DECLARE_TABLE(ScanTables, scan_loops)

}  // namespace heed::loops
