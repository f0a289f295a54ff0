#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Where an array's numbers start: the generator's key, its stream and the first Philox block.
struct PhiloxStart {
  uint64_t seed, stream, block;
};

/// Elements [begin, begin + n) of an array that starts at `start`; `begin` is a multiple of 4. The
/// output points to element `begin`.
struct RandomLoops {
  void (*uniform_float)(PhiloxStart start, int64_t begin, int64_t n, float* out);
  void (*uniform_double)(PhiloxStart start, int64_t begin, int64_t n, double* out);
  void (*normal_float)(PhiloxStart start, int64_t begin, int64_t n, float* out);
  void (*normal_double)(PhiloxStart start, int64_t begin, int64_t n, double* out);
  /// Four words of each of `count` blocks from `start` on, as `Philox` gives them.
  void (*words)(PhiloxStart start, int64_t count, uint32_t* out);
};

HEED_DECLARE_TABLE(RandomLoops, random_loops)

}  // namespace heed::loops
