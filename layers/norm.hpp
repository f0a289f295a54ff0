#pragma once

#include <concepts>
#include <cstddef>
#include <optional>

#include "module.hpp"

namespace heed {

/// The sizes of the last axes: `{T, D}`, `D` or a Shape. `{}` is none: there an undefined tensor is
/// meant.
struct LastSizes {
  Shape shape;
  LastSizes(const Shape& sizes) : shape(sizes) {}
  template <std::integral... Size>
  requires(sizeof...(Size) > 0 && (!std::same_as<Size, bool> && ...)) LastSizes(Size... sizes)
      : shape{static_cast<int64_t>(sizes)...} {}
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, mean and (biased) variance over the last
/// axis of x, or over the last ones, whose sizes are `sizes`.   x: [..., D] or [..., sizes];
/// weight, bias: [D] or `sizes`, each may be undefined. Throws `ShapeError`, `TypeError`.
/// Ba, Kiros and Hinton 2016. As torch.nn.functional.layer_norm.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
Tensor layer_norm(const Tensor& x, const LastSizes& sizes, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);

/// y = x / sqrt(mean(x^2) + eps) * weight, the mean over the last axis of x, or over the last ones,
/// whose sizes are `sizes`.   x: [..., D] or [..., sizes]; weight: [D] or `sizes`, or undefined.
/// Without an eps it is the element type's machine epsilon: 1.19e-7 (float32), 2.22e-16 (float64).
/// Throws as `layer_norm`. Zhang and Sennrich 2019, eq. (4). As torch.nn.functional.rms_norm.
Tensor rms_norm(const Tensor& x, const Tensor& weight = {}, std::optional<double> eps = {});
Tensor rms_norm(const Tensor& x, const LastSizes& sizes, const Tensor& weight = {},
                std::optional<double> eps = {});

/// Layer normalisation of the last axis, `LayerNorm(D)`, or of the last ones, `LayerNorm({T, D})`.
/// x: [..., sizes] -> [..., sizes]; weight `sizes` starts at 1, bias `sizes` at 0. Without
/// `elementwise_affine` it has neither, without `with_bias` no bias. Throws `ShapeError` if x does
/// not end in `sizes`, `ConfigError` for a size below 1 or a negative eps.
/// As torch.nn.LayerNorm(sizes, eps, elementwise_affine, bias).
struct LayerNorm {
  Parameter weight, bias;
  Shape normalized_shape;
  double eps;
  /// Was it made with a weight?
  bool affine;

  explicit LayerNorm(const Shape& sizes, double epsilon = 1e-5, bool elementwise_affine = true,
                     bool with_bias = true);
  explicit LayerNorm(int64_t size, double epsilon = 1e-5, bool elementwise_affine = true,
                     bool with_bias = true)
      : LayerNorm(Shape{size}, epsilon, elementwise_affine, with_bias) {}
  template <std::size_t N>
  explicit LayerNorm(const int64_t (&sizes)[N], double epsilon = 1e-5,
                     bool elementwise_affine = true, bool with_bias = true)
      : LayerNorm(Shape(sizes, N), epsilon, elementwise_affine, with_bias) {}
  Tensor operator()(const Tensor& x) const;
  void members(Members& m) { m("weight", weight)("bias", bias); }
  auto arguments() const { return std::tuple(normalized_shape, eps, affine, bias.defined()); }
};

/// Root mean square normalisation of the last axis, `RMSNorm(D)`, or of the last ones,
/// `RMSNorm({T, D})`.   x: [..., sizes] -> [..., sizes]; weight `sizes` starts at 1, without
/// `elementwise_affine` there is none. `eps` and errors are those of `rms_norm` and LayerNorm.
/// As torch.nn.RMSNorm(sizes, eps, elementwise_affine).
struct RMSNorm {
  Parameter weight;
  Shape normalized_shape;
  std::optional<double> eps;
  /// Was it made with a weight?
  bool affine;

  explicit RMSNorm(const Shape& sizes, std::optional<double> epsilon = {},
                   bool elementwise_affine = true);
  explicit RMSNorm(int64_t size, std::optional<double> epsilon = {}, bool elementwise_affine = true)
      : RMSNorm(Shape{size}, epsilon, elementwise_affine) {}
  template <std::size_t N>
  explicit RMSNorm(const int64_t (&sizes)[N], std::optional<double> epsilon = {},
                   bool elementwise_affine = true)
      : RMSNorm(Shape(sizes, N), epsilon, elementwise_affine) {}
  Tensor operator()(const Tensor& x) const;
  void members(Members& m) { m("weight", weight); }
  auto arguments() const { return std::tuple(normalized_shape, eps, affine); }
};

/// Twins of fused operations, written with elementary ones: slower, the same to rounding.
namespace composed {
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
Tensor layer_norm(const Tensor& x, const LastSizes& sizes, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
Tensor rms_norm(const Tensor& x, const Tensor& weight = {}, std::optional<double> eps = {});
Tensor rms_norm(const Tensor& x, const LastSizes& sizes, const Tensor& weight = {},
                std::optional<double> eps = {});
}  // namespace composed

}  // namespace heed
