#pragma once

#include <cstdint>

#include "../elementwise_rows.hpp"
#include "table.hpp"

namespace heed::loops {

/// One run of elements: out[i * out_stride] = f(in[0][i * stride[0]], ...). Strides count elements.
/// An output may be exactly an input (in place) where the loop says so,
/// and overlaps nothing otherwise.
struct Run {
  int64_t n = 0;
  void* out = nullptr;
  int64_t out_stride = 1;
  const void* in[3] = {};
  int64_t stride[3] = {};
};
using Loop = void (*)(const Run& run);

#define HEED_NAME(name, ...) name,
enum class Unary { HEED_UNARY_ROWS(HEED_NAME) count };
enum class Binary { HEED_BINARY_ROWS(HEED_NAME) count };
#undef HEED_NAME
/// in[0] * in[1] * in[2], and in[0] limited to [in[1], in[2]].
enum class Ternary { product, clamp, count };
/// eq, ne, lt, le: bool results. The other relations exchange their operands.
enum class Relation { eq, ne, lt, le, count };

inline constexpr int dtype_count = 4;

/// Rows of element types follow `DType`; what an operation does not take is null.
struct ElementwiseLoops {
  Loop unary[static_cast<int>(Unary::count)][dtype_count];
  /// in[0] is g = dL/dy, in[1] what the function keeps.
  Loop unary_backward[static_cast<int>(Unary::count)][dtype_count];
  Loop binary[static_cast<int>(Binary::count)][dtype_count];
  Loop ternary[static_cast<int>(Ternary::count)][dtype_count];
  Loop compare[static_cast<int>(Relation::count)][dtype_count];
  Loop logical_and, logical_or, logical_not;
  /// in[0] (bool) chooses between in[1] and in[2].
  Loop where[dtype_count];
  /// [from][to]; to bool: is it not 0.
  Loop convert[dtype_count][dtype_count];
  /// In place, out = in[0]: out + in[1] * in[2].
  Loop add_scaled[dtype_count];
  /// In place, out = in[0]: out * in[1].
  Loop scale[dtype_count];
};

HEED_DECLARE_TABLE(ElementwiseLoops, elementwise_loops)

}  // namespace heed::loops
