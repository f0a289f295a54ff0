// Places of elements as numbers: of indices of several axes, and of a mask.
#include <algorithm>
#include <string>

#include "../error.hpp"
#include "indexing.hpp"

namespace heed::kernels {

namespace {

/// `count` places are int32.
void check_places(const char* operation, const Shape& shape, int64_t count) {
  if (count <= INT32_MAX) return;
  throw ShapeError(std::string(operation) + ": " + to_string(shape) + " has " +
                   std::to_string(count) + " places, more than int32 counts");
}

}  // namespace

Array places_of(const char* operation, const Shape& shape, std::span<const Array> indices) {
  const auto axes = static_cast<int64_t>(indices.size());
  check_places(operation, shape, element_count(Shape(shape.begin(), axes)));
  const Array places = Array::zeros(indices[0].shape(), int32);
  auto* to = places.data<int32_t>();
  for (int axis = 0; axis < axes; ++axis) {
    const Array index = indices[static_cast<std::size_t>(axis)].contiguous();
    const int32_t* ids = index.data<int32_t>();
    const int64_t size = shape[axis];
    for (int64_t i = 0; i < places.numel(); ++i) {
      const int64_t id = ids[i] < 0 ? ids[i] + size : ids[i];
      if (id < 0 || id >= size) {
        throw IndexError(std::string(operation) + ": index " + std::to_string(ids[i]) +
                         " at position " + std::to_string(i) + " is out of range [" +
                         std::to_string(-size) + ", " + std::to_string(size) + ") of axis " +
                         std::to_string(axis));
      }
      to[i] = static_cast<int32_t>(to[i] * size + id);
    }
  }
  return places;
}

Array true_places(const char* operation, const Array& mask_in) {
  check_places(operation, mask_in.shape(), mask_in.numel());
  const Array mask = mask_in.contiguous();
  const bool* keep = mask.data<bool>();
  const int64_t count = std::count(keep, keep + mask.numel(), true);
  const Array places = Array::empty({count}, int32);
  auto* to = places.data<int32_t>();
  for (int64_t i = 0; i < mask.numel(); ++i) {
    if (keep[i]) *to++ = static_cast<int32_t>(i);
  }
  return places;
}

Array indices_of(const Array& places, const Shape& shape) {
  const int64_t count = places.numel(), rank = shape.rank();
  const Array indices = Array::empty({count, rank}, int32);
  const int32_t* from = places.data<int32_t>();
  auto* to = indices.data<int32_t>();
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = from[i];
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      to[i * rank + axis] = static_cast<int32_t>(rest % shape[axis]);
      rest /= shape[axis];
    }
  }
  return indices;
}

}  // namespace heed::kernels
