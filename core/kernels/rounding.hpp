#pragma once

#include "../array.hpp"
#include "../bfloat16.hpp"

/// Operands of products in bfloat16. For sources of this folder.
namespace heed::kernels {

struct Extents {
  int64_t rows, columns;
};

/// Batches of stored float32 matrices.
struct StoredMatrices {
  /// Of the batch axes; one of stride 0 repeats the same matrices.
  Shape shape, strides;
  const float* numbers;
  int64_t ld;
  Extents extents;
  /// What they become by zeros below and on the right.
  Extents padded;
};

/// The same matrices in bfloat16, without gaps; those that are repeated are there once.
struct Rounded {
  Array memory;
  const Bfloat16* numbers;
  Shape strides;
  int64_t ld;
};

Rounded rounded(const StoredMatrices& matrices);

}  // namespace heed::kernels
