#pragma once

#include "../array.hpp"

namespace heed::kernels {

/// Calls `f(float{})` or `f(double{})` by the element type, which is one of the two.
template <class F>
auto for_floating(DType dtype, F&& f) {
  return dtype == float64 ? f(double{}) : f(float{});
}

}  // namespace heed::kernels
