#include "clipping.hpp"

#include <cmath>
#include <string>

#include "../core/error.hpp"
#include "../core/kernels/kernels.hpp"

namespace heed {

double grad_norm(const std::vector<Tensor>& parameters) {
  double sum = 0;
  for (const Tensor& parameter : parameters) {
    const Array& gradient = parameter.grad_array();
    if (gradient.defined()) sum += kernels::sum_of_squares(gradient);
  }
  return std::sqrt(sum);
}

double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm) {
  if (!(max_norm >= 0)) {
    throw ConfigError("clip_grad_norm: max_norm is " + std::to_string(max_norm) +
                      ", expected at least 0");
  }
  const double norm = grad_norm(parameters);
  const double factor = max_norm / (norm + 1e-6);
  if (!std::isfinite(norm) || factor >= 1) return norm;
  for (const Tensor& parameter : parameters) {
    const Array& gradient = parameter.grad_array();
    if (!gradient.defined()) continue;
    // Two leaves may share one gradient (a rule may return `g` itself):
    // it is then scaled in a copy.
    if (gradient.is_sole_owner()) {
      kernels::scale(gradient, factor);
    } else {
      parameter.set_grad(kernels::mul(gradient, factor));
    }
  }
  return norm;
}

void clip_grad_value(const std::vector<Tensor>& parameters, double limit) {
  if (!(limit >= 0)) {
    throw ConfigError("clip_grad_value: limit is " + std::to_string(limit) +
                      ", expected at least 0");
  }
  for (const Tensor& parameter : parameters) {
    const Array& gradient = parameter.grad_array();
    if (gradient.defined()) parameter.set_grad(kernels::clamp(gradient, -limit, limit));
  }
}

}  // namespace heed
