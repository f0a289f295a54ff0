#include "norm.hpp"

#include "../core/kernels/kernels.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

/// Shapes and element types of x [..., D] and the optional weight and bias [D].
void check(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.rank() == 0 || !is_floating(x.dtype())) {
    throw ShapeError("layer_norm: x is " + std::string(to_string(x.dtype())) + " " +
                     to_string(x.shape()) + ", expected a floating tensor with at least one axis");
  }
  for (const Tensor* affine : {&weight, &bias}) {
    if (!affine->defined()) continue;
    require_shape("layer_norm", affine == &weight ? "weight" : "bias", *affine, {x.size(-1)});
    if (affine->dtype() != x.dtype()) {
      throw TypeError(std::string("layer_norm: x is ") + to_string(x.dtype()) +
                      ", weight or bias " + to_string(affine->dtype()) + "; convert one of them");
    }
  }
}

Array array_or_none(const Tensor& tensor) { return tensor.defined() ? tensor.array() : Array(); }

// With n = (x - mean) rstd and d = g weight:  dL/dweight = sum over rows of g n,
// dL/dbias = sum over rows of g,  dL/dx = rstd (d - mean(d) - n mean(d n)).
void layer_norm_backward(const Array& g, const Array& x, const Array& weight, const Array& mean,
                         const Array& rstd, Gradients& out) {
  Array d_weight, d_bias;
  out.give(
      0, kernels::layer_norm_backward(g, x, weight, mean, rstd, out.wants(1) ? &d_weight : nullptr,
                                      out.wants(2) ? &d_bias : nullptr));
  out.give(1, d_weight);
  out.give(2, d_bias);
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  check(x, weight, bias);
  Array mean, rstd;
  const Array scale = array_or_none(weight);
  Array y = kernels::layer_norm(x.array(), scale, array_or_none(bias), eps, mean, rstd);
  return record("layer_norm", y,
                joint({&x, &weight, &bias}, saved(x, scale, mean, rstd), layer_norm_backward));
}

Tensor composed::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  check(x, weight, bias);
  const Tensor centred = x - mean(x, {-1}, true);
  const Tensor variance = mean(square(centred), {-1}, true);
  Tensor y = centred / sqrt(variance + eps);
  if (weight.defined()) y = y * weight;
  if (bias.defined()) y = y + bias;
  return y;
}

LayerNorm::LayerNorm(int64_t size, double epsilon)
    : weight(init::empty({positive("LayerNorm", "size", size)})),
      bias(init::empty({size})),
      eps(epsilon) {
  init::constant(weight, 1);
  init::zeros(bias);
  if (!(eps >= 0)) throw ConfigError("LayerNorm: eps is negative or NaN, expected at least 0");
}

}  // namespace heed
