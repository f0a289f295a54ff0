#include "norm.hpp"

#include <limits>

#include "../core/kernels/kernels.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

/// The size of the last axis of x.
Shape last_size(const std::string& name, const Tensor& x) {
  if (x.rank() == 0) {
    throw ShapeError(name + ": x is a scalar, expected a tensor with at least one axis");
  }
  return {x.size(-1)};
}

/// Shapes and element types: x [..., sizes], the optional weight and bias [sizes].
void check(const std::string& name, const Tensor& x, const Shape& sizes, const Tensor& weight,
           const Tensor& bias) {
  require_floating(name.c_str(), "x", x);
  const int first = x.rank() - sizes.rank();
  if (sizes.empty() || first < 0 || Shape(x.shape().begin() + first, sizes.rank()) != sizes) {
    throw ShapeError(name + ": x is " + to_string(x.shape()) +
                     ", expected last axes of the sizes " + to_string(sizes) + ", at least one");
  }
  for (const Tensor* affine : {&weight, &bias}) {
    if (!affine->defined()) continue;
    require_shape(name.c_str(), affine == &weight ? "weight" : "bias", *affine, sizes);
    if (affine->dtype() != x.dtype()) {
      throw TypeError(name + ": x is " + to_string(x.dtype()) + ", weight or bias " +
                      to_string(affine->dtype()) + "; convert one, x.to(" +
                      to_string(affine->dtype()) + ") or the module: to(net, " +
                      to_string(x.dtype()) + ")");
    }
  }
}

/// x with its last axes, of these sizes, as one.
Tensor as_rows(const Tensor& x, const Shape& sizes) {
  if (!x.defined() || sizes.rank() == 1) return x;
  Shape shape(x.shape().begin(), x.rank() - sizes.rank());
  shape.push_back(element_count(sizes));
  return reshape(x, shape);
}

/// The numbers of the last axes of x, one for each of `sizes`.
Axes last_axes(const Tensor& x, const Shape& sizes) {
  Axes axes;
  for (int axis = x.rank() - sizes.rank(); axis < x.rank(); ++axis) axes.push_back(axis);
  return axes;
}

Array array_or_none(const Tensor& tensor) { return tensor.defined() ? tensor.array() : Array(); }

// With n = (x - mean) rstd and d = g weight:  dL/dweight = sum over rows of g n,
// dL/dbias = sum over rows of g,  dL/dx = rstd (d - mean(d) - n mean(d n)).
struct LayerNormRule {
  double eps;

  void operator()(const Array& g, const Array& x, const Array& weight, const Array&,
                  const Array& mean, const Array& rstd, Gradients& out) const {
    Array d_weight, d_bias;
    out.give(0, kernels::layer_norm_backward(g, x, weight, mean, rstd,
                                             out.wants(1) ? &d_weight : nullptr,
                                             out.wants(2) ? &d_bias : nullptr));
    out.give(1, d_weight);
    out.give(2, d_bias);
  }

  Array remake(const Array& x, const Array& weight, const Array& bias, Array mean,
               Array rstd) const {
    return kernels::layer_norm(x, weight, bias, eps, mean, rstd);
  }
};

Tensor layer_norm_of_rows(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  Array mean, rstd;
  const Array scale = array_or_none(weight);
  Array y = kernels::layer_norm(x.array(), scale, array_or_none(bias), eps, mean, rstd);
  // No gradient needs the bias: it may change before it is remade.
  const Array shift = bias.defined() && grad_enabled() ? bias.array().clone() : Array();
  return record(
      "layer_norm", y,
      joint({&x, &weight, &bias}, saved(x, scale, shift, mean, rstd), LayerNormRule{eps}));
}

/// Mean over the last axis, which stays.
Array mean_of_rows(const Array& x) {
  return kernels::mul(kernels::sum(x, {x.rank() - 1}, true), 1 / static_cast<double>(x.size(-1)));
}

// With n = x rstd and d = g weight:  dL/dweight = sum over rows of g n,
// dL/dx = rstd (d - n mean(d n)): that of layer_norm at a mean of 0, and rstd mean(d) more.
struct RmsNormRule {
  void operator()(const Array& g, const Array& x, const Array& weight, const Array& rstd,
                  Gradients& out) const {
    Array d_weight;
    const Array d_x =
        kernels::layer_norm_backward(g, x, weight, Array::zeros(rstd.shape(), x.dtype()), rstd,
                                     out.wants(1) ? &d_weight : nullptr, nullptr);
    const Array d = weight.defined() ? kernels::mul(g, weight.expand(x.shape())) : g;
    kernels::add_into(d_x, kernels::mul(mean_of_rows(d), rstd).expand(x.shape()));
    out.give(0, d_x);
    out.give(1, d_weight);
  }

  Array remake(const Array& x, const Array& weight, const Array& rstd) const {
    const Array y = kernels::mul(x, rstd.expand(x.shape()));
    return weight.defined() ? kernels::mul(y, weight.expand(x.shape())) : y;
  }
};

Tensor rms_norm_of_rows(const Tensor& x, const Tensor& weight, double eps) {
  const Array scale = array_or_none(weight);
  const Array variance = mean_of_rows(kernels::square(x.array()));
  const Array rstd = kernels::div(1, kernels::sqrt(kernels::add(variance, eps)));
  const RmsNormRule rule;
  return record("rms_norm", rule.remake(x.array(), scale, rstd),
                joint({&x, &weight}, saved(x, scale, rstd), rule));
}

double epsilon_or_default(const std::optional<double>& eps, DType dtype) {
  if (eps) return *eps;
  return dtype == float64 ? std::numeric_limits<double>::epsilon()
                          : std::numeric_limits<float>::epsilon();
}

/// What a norm's `sizes` and `eps` have to be.
void check_config(const char* layer, const Shape& sizes, double eps) {
  if (sizes.empty()) throw ConfigError(std::string(layer) + ": no size, expected at least one");
  for (const int64_t size : sizes) positive(layer, "size", size);
  if (!(eps >= 0)) {
    throw ConfigError(std::string(layer) + ": eps is negative or NaN, expected at least 0");
  }
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return layer_norm(x, last_size("layer_norm", x), weight, bias, eps);
}

Tensor layer_norm(const Tensor& x, const LastSizes& last, const Tensor& weight, const Tensor& bias,
                  double eps) {
  const Shape& sizes = last.shape;
  check("layer_norm", x, sizes, weight, bias);
  if (sizes.rank() == 1) return layer_norm_of_rows(x, weight, bias, eps);
  return reshape(
      layer_norm_of_rows(as_rows(x, sizes), as_rows(weight, sizes), as_rows(bias, sizes), eps),
      x.shape());
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, std::optional<double> eps) {
  return rms_norm(x, last_size("rms_norm", x), weight, eps);
}

Tensor rms_norm(const Tensor& x, const LastSizes& last, const Tensor& weight,
                std::optional<double> eps) {
  const Shape& sizes = last.shape;
  check("rms_norm", x, sizes, weight, {});
  const double epsilon = epsilon_or_default(eps, x.dtype());
  if (sizes.rank() == 1) return rms_norm_of_rows(x, weight, epsilon);
  return reshape(rms_norm_of_rows(as_rows(x, sizes), as_rows(weight, sizes), epsilon), x.shape());
}

Tensor composed::layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  return composed::layer_norm(x, last_size("layer_norm", x), weight, bias, eps);
}

Tensor composed::layer_norm(const Tensor& x, const LastSizes& last, const Tensor& weight,
                            const Tensor& bias, double eps) {
  const Shape& sizes = last.shape;
  check("layer_norm", x, sizes, weight, bias);
  const Axes axes = last_axes(x, sizes);
  const Tensor centred = x - mean(x, axes, true);
  const Tensor variance = mean(square(centred), axes, true);
  Tensor y = centred / sqrt(variance + eps);
  if (weight.defined()) y = y * weight;
  if (bias.defined()) y = y + bias;
  return y;
}

Tensor composed::rms_norm(const Tensor& x, const Tensor& weight, std::optional<double> eps) {
  return composed::rms_norm(x, last_size("rms_norm", x), weight, eps);
}

Tensor composed::rms_norm(const Tensor& x, const LastSizes& last, const Tensor& weight,
                          std::optional<double> eps) {
  const Shape& sizes = last.shape;
  check("rms_norm", x, sizes, weight, {});
  const Tensor variance = mean(square(x), last_axes(x, sizes), true);
  const Tensor y = x / sqrt(variance + epsilon_or_default(eps, x.dtype()));
  return weight.defined() ? y * weight : y;
}

LayerNorm::LayerNorm(const Shape& sizes, double epsilon, bool elementwise_affine, bool with_bias)
    : normalized_shape(sizes), eps(epsilon), affine(elementwise_affine) {
  check_config("LayerNorm", sizes, eps);
  if (!elementwise_affine) return;
  weight = Parameter(init::empty(sizes));
  init::constant(weight, 1);
  if (!with_bias) return;
  bias = Parameter(init::empty(sizes));
  init::zeros(bias);
}

Tensor LayerNorm::operator()(const Tensor& x) const {
  if (affine && !weight.defined()) throw_moved_from("LayerNorm");
  return layer_norm(x, normalized_shape, weight, bias, eps);
}

RMSNorm::RMSNorm(const Shape& sizes, std::optional<double> epsilon, bool elementwise_affine)
    : normalized_shape(sizes), eps(epsilon), affine(elementwise_affine) {
  check_config("RMSNorm", sizes, eps.value_or(0));
  if (!elementwise_affine) return;
  weight = Parameter(init::empty(sizes));
  init::constant(weight, 1);
}

Tensor RMSNorm::operator()(const Tensor& x) const {
  if (affine && !weight.defined()) throw_moved_from("RMSNorm");
  return rms_norm(x, normalized_shape, weight, eps);
}

}  // namespace heed
