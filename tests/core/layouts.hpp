#pragma once

#include <string>
#include <vector>

#include "../../core/array.hpp"

/// The same numbers in memory in many ways, for tests of kernels.
namespace heed::testing {

/// The elements in row-major order, read without any kernel.
inline std::vector<double> plain(const Array& x) {
  const auto widened = [](const auto& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  switch (x.dtype()) {
    case DType::float32:
      return widened(x.to_vector<float>());
    case DType::float64:
      return x.to_vector<double>();
    case DType::int32:
      return widened(x.to_vector<int32_t>());
    default:
      return widened(x.to_vector<bool>());
  }
}

/// A contiguous array filled without any kernel: value(0), value(1), ...
template <class F>
Array filled(const Shape& shape, DType dtype, F value) {
  const Array x = Array::empty(shape, dtype);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const double v = value(i);
    switch (dtype) {
      case DType::float32:
        x.data<float>()[i] = static_cast<float>(v);
        break;
      case DType::float64:
        x.data<double>()[i] = v;
        break;
      case DType::int32:
        x.data<int32_t>()[i] = static_cast<int32_t>(v);
        break;
      default:
        x.data<bool>()[i] = v != 0;
    }
  }
  return x;
}

struct Layout {
  std::string name;
  Array x;
};

/// Arrays of shape [5, 3, 7] in different layouts, one of one element, one that is empty, and one
/// that is long enough for several threads. Layout k of two calls has the same shape.
template <class F>
std::vector<Layout> layouts(DType dtype, F value) {
  const auto make = [&](const Shape& shape) { return filled(shape, dtype, value); };
  return {
      {"contiguous", make({5, 3, 7})},
      {"last axis outermost", make({7, 5, 3}).permute({1, 2, 0})},
      {"axes reversed", make({7, 3, 5}).permute({2, 1, 0})},
      {"every second element", make({5, 3, 13}).slice(2, 0, 13, 2)},
      {"an inner part", make({7, 5, 11}).slice(0, 1, 6).slice(1, 2, 5).slice(2, 3, 10)},
      {"rows repeated", make({5, 1, 7}).expand({5, 3, 7})},
      {"columns repeated", make({5, 3, 1}).expand({5, 3, 7})},
      {"one number", make({}).expand({5, 3, 7})},
      {"one element", make({1, 1})},
      {"a scalar", make({})},
      {"empty", make({3, 0, 2})},
      {"long", make({2, 8209})},
      {"long with gaps", make({2, 8220}).slice(1, 3, 8212)},
      {"one long row", make({32822}).slice(0, 0, 32822, 2)},
      {"many short rows", make({2, 8209}).transpose(0, 1)},
  };
}

}  // namespace heed::testing
