#pragma once

#include "../array.hpp"
#include "../random.hpp"

/// Numbers from Philox counters: element i depends on the seed, the stream,
/// the first block and i alone.
namespace heed::kernels {

/// Blocks that an array of `count` elements uses (four words a block, one word an element for
/// float32, two for float64).
uint64_t random_blocks(int64_t count, DType dtype);
/// Uniform in [0, 1); standard normal (Box and Muller). Floating.
Array uniform(const Shape& shape, DType dtype, uint64_t seed, uint64_t stream, uint64_t block);
Array normal(const Shape& shape, DType dtype, uint64_t seed, uint64_t stream, uint64_t block);

}  // namespace heed::kernels
