#pragma once

#include <optional>

#include "tensor.hpp"

/// Tensors of x's shape and, unless another is named, its element type; constants without history.
/// As torch.zeros_like and its relatives. The makers that take a shape are static members of
/// Tensor: `Tensor::zeros({2, 3})`.
namespace heed {

Tensor empty_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor ones_like(const Tensor& x, std::optional<DType> dtype = {});
/// `TypeError` for a number that the element type can't hold.
Tensor full_like(const Tensor& x, double value, std::optional<DType> dtype = {});
/// Uniform in [0, 1) and standard normal, from `default_generator()`; `TypeError` unless floating.
Tensor rand_like(const Tensor& x, std::optional<DType> dtype = {});
Tensor randn_like(const Tensor& x, std::optional<DType> dtype = {});

}  // namespace heed
