#include "rounding.hpp"

#include <cstring>

#include "../loops/rounding.hpp"
#include "../parallel.hpp"

namespace heed::kernels {

namespace {

/// Where matrix `index` of those that differ stands among the stored ones.
int64_t offset_of(int64_t index, const Shape& distinct, const Shape& strides) {
  int64_t offset = 0;
  for (int axis = distinct.rank() - 1; axis >= 0; --axis) {
    offset += index % distinct[axis] * strides[axis];
    index /= distinct[axis];
  }
  return offset;
}

}  // namespace

Rounded rounded(const StoredMatrices& x) {
  Shape distinct = x.shape, strides = x.strides;
  const int64_t size = x.padded.rows * x.padded.columns;
  int64_t count = 1;
  for (int axis = distinct.rank() - 1; axis >= 0; --axis) {
    if (x.strides[axis] == 0) distinct[axis] = 1;
    strides[axis] = distinct[axis] == 1 ? 0 : count * size;
    count *= distinct[axis];
  }
  // There is no array of bfloat16: two numbers are an element of int32.
  const Array memory = Array::empty({(count * size + 1) / 2}, int32);
  auto* numbers = static_cast<Bfloat16*>(memory.raw());
  const int64_t width = x.padded.columns, used = x.extents.columns;
  constexpr int64_t piece = 1 << 15;  // numbers that a thread rounds at a time
  parallel_for(count * x.padded.rows, 1 + piece / width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Bfloat16* to = numbers + i * width;
      const int64_t row = i % x.padded.rows;
      const int64_t filled = row < x.extents.rows ? used : 0;
      if (filled > 0) {
        const int64_t offset = offset_of(i / x.padded.rows, distinct, x.strides) + row * x.ld;
        loops::rounding_loops().to_bfloat16(to, x.numbers + offset, filled);
      }
      std::memset(to + filled, 0, static_cast<std::size_t>(width - filled) * sizeof(Bfloat16));
    }
  });
  return {memory, numbers, strides, width};
}

}  // namespace heed::kernels
