#pragma once

#include "../array.hpp"

namespace heed::kernels {

/// Calls `f(float{})` or `f(double{})` by the element type, which is one of the two.
template <class F>
auto for_floating(DType dtype, F&& f) {
  return dtype == float64 ? f(double{}) : f(float{});
}

/// Calls `f` with a number of the element type, whichever it is.
template <class F>
void for_element(DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(float{});
    case DType::float64:
      return f(double{});
    case DType::int32:
      return f(int32_t{});
    default:
      return f(bool{});
  }
}

}  // namespace heed::kernels
