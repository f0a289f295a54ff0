#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Between float32 and bfloat16, whose bits are the upper half of a float32's.
struct RoundingLoops {
  /// To the nearest, ties to even; NaN stays NaN.
  void (*to_bfloat16)(uint16_t* to, const float* from, int64_t n);
  void (*to_float)(float* to, const uint16_t* from, int64_t n);
};

HEED_DECLARE_TABLE(RoundingLoops, rounding_loops)

}  // namespace heed::loops
