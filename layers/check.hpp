#pragma once

#include <string>

#include "../core/error.hpp"
#include "../core/tensor.hpp"

/// Checks that layers share; for their sources.
namespace heed {

/// `size` if it is at least 1, else a `ConfigError`: `Linear: in is 0, expected at least 1`.
inline int64_t positive(const char* layer, const char* what, int64_t size) {
  if (size < 1) {
    throw ConfigError(std::string(layer) + ": " + what + " is " + std::to_string(size) +
                      ", expected at least 1");
  }
  return size;
}

/// `ShapeError` unless `tensor` has the shape `expected`.
inline void require_shape(const char* layer, const char* what, const Tensor& tensor,
                          const Shape& expected) {
  if (tensor.shape() != expected) {
    throw ShapeError(std::string(layer) + ": " + what + " is " + to_string(tensor.shape()) +
                     ", expected " + to_string(expected));
  }
}

/// `TypeError` unless `tensor` is of float32 or float64.
inline void require_floating(const char* layer, const char* what, const Tensor& tensor) {
  if (is_floating(tensor.dtype())) return;
  throw TypeError(std::string(layer) + ": " + what + " is " + to_string(tensor.dtype()) +
                  ", expected float32 or float64");
}

/// `TypeError` unless `keep` is a mask, `ShapeError` unless it has the shape `expected`.
inline void require_mask(const char* layer, const Tensor& keep, const Shape& expected) {
  if (keep.dtype() != boolean) {
    throw TypeError(std::string(layer) + ": keep is " + to_string(keep.dtype()) +
                    ", expected bool (true = real word)");
  }
  require_shape(layer, "keep", keep, expected);
}

[[noreturn]] inline void throw_moved_from(const char* module) {
  throw TypeError(std::string(module) + ": this module was moved from");
}

/// `TypeError` for a stack without layers, which is made with at least one.
template <class Layers>
void require_layers(const char* stack, const Layers& layers) {
  if (layers.empty()) throw_moved_from(stack);
}

}  // namespace heed
