#pragma once

#include <vector>

#include "../core/tensor.hpp"

namespace heed {

/// sqrt of the sum of all squared gradients, in double and in a fixed order; not finite if a
/// gradient is not. Parameters without a gradient count nothing.
double grad_norm(const std::vector<Tensor>& parameters);

/// Scales all gradients so that their common norm is at most `max_norm`, and returns the norm
/// before. A norm that is not finite is returned and the gradients are left as they are: skip that
/// step. Pascanu et al. 2013. As torch.nn.utils.clip_grad_norm_.
double clip_grad_norm(const std::vector<Tensor>& parameters, double max_norm);

/// Limits every element of every gradient to [-limit, limit];
/// NaN stays. As torch.nn.utils.clip_grad_value_.
void clip_grad_value(const std::vector<Tensor>& parameters, double limit);

}  // namespace heed
