// Losses of two tensors of one shape.
#include <cmath>

#include "broadcast.hpp"
#include "elementwise.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/reductions.hpp"
#include "losses.hpp"
#include "record.hpp"
#include "reductions.hpp"

namespace heed {

namespace {

bool expands_to(const Shape& from, const Shape& to) {
  const int added = to.rank() - from.rank();
  if (added < 0) return false;
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != 1 && from[axis] != to[added + axis]) return false;
  }
  return true;
}

/// What may have been meant where x and its target have two shapes.
std::string how_to_fit(const Tensor& x, const Tensor& target) {
  if (x.numel() == target.numel()) return ": write reshape(target, x.shape())";
  if (expands_to(target.shape(), x.shape())) {
    return ": if that is meant write expand(target, x.shape())";
  }
  return "";
}

void check_one_type(const char* operation, const Tensor& x, const Tensor& target) {
  check_floating(operation, x);
  if (target.dtype() == x.dtype()) return;
  throw TypeError(std::string(operation) + ": x is " + to_string(x.dtype()) + ", the target " +
                  to_string(target.dtype()) + "; write target.to(" + to_string(x.dtype()) + ")");
}

void check_losses(const char* operation, const Tensor& x, const Tensor& target,
                  Reduction reduction) {
  const std::string who = operation;
  if (x.shape() != target.shape()) {
    throw ShapeError(who + ": x " + to_string(x.shape()) + " and the target " +
                     to_string(target.shape()) +
                     " have two shapes, and a loss does not broadcast: [N, 1] and [N] would make "
                     "N^2 losses" +
                     how_to_fit(x, target));
  }
  if (reduction == Reduction::batchmean && who != "kl_div") {
    throw ConfigError(who + ": Reduction::batchmean is for kl_div; take mean, sum or none");
  }
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::mean:
      return mean(losses);
    case Reduction::batchmean:
      return sum(losses) / static_cast<double>(losses.rank() == 0 ? 1 : losses.size(0));
    default:
      return sum(losses);
  }
}

void check_probabilities(const Array& x) {
  if (x.numel() == 0) return;
  const double least = kernels::min(x, {}, false).item(), most = kernels::max(x, {}, false).item();
  if (least >= 0 && most <= 1) return;
  throw NumericError("binary_cross_entropy: needs probabilities in [0, 1], got " +
                     shortest(least >= 0 ? most : least) +
                     "; for logits write binary_cross_entropy_with_logits");
}

/// max(log x, -100)
Array limited_log(const Array& log) { return kernels::clamp(log, -100, INFINITY); }

constexpr double least_divisor = 1e-12f;  // PyTorch's, in float64 too

// y = -t l - (1 - t) m, l = max(log x, -100), m = max(log(1 - x), -100);
// dL/dx = g (x - t) / max(x (1 - x), 1e-12), dL/dt = g (m - l)
Tensor binary_cross_entropies(const Tensor& x, const Tensor& target) {
  const Array& p = x.array();
  const Array& t = target.array();
  const Array l = limited_log(kernels::log(p));
  const Array m = limited_log(kernels::log1p(kernels::mul(p, -1)));
  const Array y = kernels::sub(kernels::mul(kernels::add(t, -1), m), kernels::mul(t, l));
  return record("binary_cross_entropy", y,
                wrt(x, saved(x, target),
                    [](const Array& g, const Array& of, const Array& wanted) {
                      const Array rest = kernels::add(kernels::mul(of, -1), 1);
                      const Array divisor =
                          kernels::clamp(kernels::mul(of, rest), least_divisor, INFINITY);
                      return kernels::div(kernels::mul(g, kernels::sub(of, wanted)), divisor);
                    }),
                wrt(target, saved(l, m), [](const Array& g, const Array& log, const Array& other) {
                  return kernels::mul(g, kernels::sub(other, log));
                }));
}

}  // namespace

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction) {
  if (!is_floating(target.dtype())) check_floating("mse_loss", x);
  check_losses("mse_loss", x, target, reduction);
  const DType common = result_type(x, target);
  return reduced(square(x.to(common) - target.to(common)), reduction);
}

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction) {
  if (!is_floating(target.dtype())) check_floating("l1_loss", x);
  check_arithmetic("l1_loss", x);
  check_arithmetic("l1_loss", target);
  check_losses("l1_loss", x, target, reduction);
  return reduced(abs(x - target), reduction);
}

Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, Reduction reduction) {
  check_one_type("binary_cross_entropy", x, target);
  check_losses("binary_cross_entropy", x, target, reduction);
  check_probabilities(x.array());
  return reduced(binary_cross_entropies(x, target), reduction);
}

// -log sigmoid(x) = log(1 + exp(-x)), and -log(1 - sigmoid(x)) = log(1 + exp(x))
Tensor binary_cross_entropy_with_logits(const Tensor& x, const Tensor& target, Reduction reduction,
                                        const Tensor& pos_weight) {
  const char* operation = "binary_cross_entropy_with_logits";
  check_one_type(operation, x, target);
  check_losses(operation, x, target, reduction);
  Tensor positive = target;
  if (pos_weight.defined()) {
    check_dtype(operation, "pos_weight", pos_weight, x.dtype());
    if (broadcast_shapes(operation, target.shape(), pos_weight.shape()) != target.shape()) {
      throw ShapeError(std::string(operation) + ": pos_weight " + to_string(pos_weight.shape()) +
                       " does not broadcast to the target " + to_string(target.shape()));
    }
    positive = target * pos_weight.detach();
  }
  const Tensor of_ones = softplus(-x, 1, INFINITY), of_zeros = softplus(x, 1, INFINITY);
  return reduced(positive * of_ones + (1.0 - target) * of_zeros, reduction);
}

// t (log t - x), or e^t (t - x). Where the probability is 0 the operands are others, with which
// the term and its gradients are 0: no 0 inf.
Tensor kl_div(const Tensor& x_in, const Tensor& target_in, Reduction reduction, bool log_target) {
  check_floating("kl_div", x_in);
  check_floating("kl_div", target_in);
  check_losses("kl_div", x_in, target_in, reduction);
  const Tensor none = eq(target_in, log_target ? -INFINITY : 0);
  const Tensor x = masked_fill(x_in, none, 0);
  const Tensor target = masked_fill(target_in, none, log_target ? 0 : 1);
  return reduced(log_target ? exp(target) * (target - x) : target * (log(target) - x), reduction);
}

}  // namespace heed
