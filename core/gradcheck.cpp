#include "gradcheck.hpp"

#include <cmath>
#include <cstdio>

#include "elementwise.hpp"
#include "error.hpp"
#include "reductions.hpp"

namespace heed {

namespace {

/// A scalar of the function's result: its sum with weights that no symmetry cancels.
Tensor weighted_sum(const TensorFunction& function, const std::vector<Tensor>& inputs) {
  const Tensor y = function.call(function.object, inputs);
  std::vector<double> weights;
  for (int64_t i = 0; i < y.numel(); ++i) weights.push_back(std::cos(1.0 + static_cast<double>(i)));
  return sum(y * Tensor::from(weights, y.shape()));
}

Shape position(int64_t flat, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return index;
}

/// The address of an element of an input, whatever its strides.
double* element(const Array& array, const Shape& index) {
  double* place = array.data<double>();
  for (int axis = 0; axis < index.rank(); ++axis) place += index[axis] * array.strides()[axis];
  return place;
}

double central_difference(const TensorFunction& function, const std::vector<Tensor>& inputs,
                          double* place, double eps) {
  const NoGrad no_grad;
  const double before = *place;
  *place = before + eps;
  const double above = weighted_sum(function, inputs).item();
  *place = before - eps;
  const double below = weighted_sum(function, inputs).item();
  *place = before;
  return (above - below) / (2 * eps);
}

std::string difference(std::size_t input, const Shape& index, double analytic, double numeric) {
  char numbers[96];
  std::snprintf(numbers, sizeof numbers, ": analytic %.10g, numeric %.10g", analytic, numeric);
  return "gradcheck: input " + std::to_string(input) + ", element " + to_string(index) + numbers;
}

/// Every input a leaf with the strides it came with: itself if it is one, as a layer's weights are.
std::vector<Tensor> as_leaves(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    if (input.dtype() == float32) {
      throw TypeError(
          "gradcheck: needs float64 inputs; in float32 rounding hides the difference: use "
          ".to(float64)");
    }
    const bool is_weight = input.requires_grad() && input.is_leaf();
    leaves.push_back(is_weight ? input : input.detach());
    if (is_floating(input.dtype())) leaves.back().set_requires_grad();
  }
  return leaves;
}

}  // namespace

GradcheckResult gradcheck(TensorFunction function, const std::vector<Tensor>& inputs,
                          GradcheckOptions options) {
  const std::vector<Tensor> leaves = as_leaves(inputs);
  const Tensor loss = weighted_sum(function, leaves);
  std::vector<Tensor> floating, gradients;
  for (const Tensor& leaf : leaves) {
    if (leaf.requires_grad()) floating.push_back(leaf);
  }
  if (loss.requires_grad()) gradients = grad({loss}, floating);
  GradcheckResult result;
  std::size_t next = 0;
  double worst_excess = 0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i].requires_grad()) continue;
    const Array& x = leaves[i].array();
    const Array g = gradients.empty() ? Array() : gradients[next++].array();
    for (int64_t flat = 0; flat < x.numel(); ++flat) {
      const Shape index = position(flat, x.shape());
      const double analytic = g.defined() ? g.at(index) : 0;
      const double numeric = central_difference(function, leaves, element(x, index), options.eps);
      const double error = std::abs(analytic - numeric);
      const double excess = error - options.atol - options.rtol * std::abs(numeric);
      if (!(error <= result.largest_error)) result.largest_error = error;
      if (!(excess <= worst_excess)) {
        worst_excess = excess;
        result.ok = false;
        result.message = difference(i, index, analytic, numeric);
      }
    }
  }
  return result;
}

}  // namespace heed
