#pragma once

#include "tensor.hpp"

namespace heed {

/// What becomes of the losses: their mean, their sum, or each for itself. `batchmean`, for `kl_div`
/// alone, is their sum divided by the size of axis 0.
enum class Reduction { mean, sum, none, batchmean };

struct CrossEntropyOptions {
  /// A factor for the losses of each class, [V], which is a constant; undefined: 1. `mean` divides
  /// by the sum of the targets' factors.
  Tensor weight = {};
  /// Targets with this id count nothing.
  int64_t ignore_index = -100;
  /// Weight of the uniform distribution mixed into the target: (1 - s) one_hot + s / V.
  double label_smoothing = 0;
  /// `mean` divides by the number of targets that count
  /// (1 if there is none, so that the loss is 0).
  Reduction reduction = Reduction::mean;
};

/// Cross-entropy of logits [N, V] with target ids [N] (int32), computed in row chunks without a
/// table of probabilities beyond the logits' own. Result: [] or, for `none`, [N]. Also of logits
/// [V] with one id [], and [N, V, ...] with [N, ...]: the classes are axis 1. With `weight` it has
/// a table of log-probabilities. Throws `IndexError` for a target outside [0, V).
/// As torch.nn.functional.cross_entropy with ids.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, CrossEntropyOptions options = {});

struct NllLossOptions {
  /// As those of `CrossEntropyOptions`.
  Tensor weight = {};
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
};

/// -weight_t x_t, t the target: the cross-entropy of log-probabilities x, as `log_softmax` gives
/// them. Shapes, result and errors as of `cross_entropy`. As torch.nn.functional.nll_loss.
Tensor nll_loss(const Tensor& x, const Tensor& target, NllLossOptions options = {});

// Losses of x and a target of its shape, [...]. Result: [] or, for `none`, [...]. Gradients flow to
// both. Two shapes are a `ShapeError`, not broadcast: [N, 1] and [N] would make N^2 losses. Two
// element types are promoted by `mse_loss`, `l1_loss` and, if floating, `kl_div`, and a `TypeError`
// for the others. As those of torch.nn.functional.

/// (x - target)^2, and |x - target|.
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);
Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean);
/// -t log x - (1 - t) log(1 - x) of probabilities x, logarithms below -100 taken for -100.
/// `NumericError` for x outside [0, 1].
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target,
                            Reduction reduction = Reduction::mean);
/// The same of x = sigmoid(logits), without the loss of digits: -p t log x - (1 - t) log(1 - x),
/// p = pos_weight, which broadcasts to the target and is a constant; undefined: 1.
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        Reduction reduction = Reduction::mean,
                                        const Tensor& pos_weight = {});
/// t (log t - x) of log-probabilities x, as `log_softmax` gives them, and probabilities t, or, with
/// `log_target`, of their logarithms: e^t (t - x). Probabilities for x are not noticed and give a
/// wrong loss, negative as a rule: pass log(x). 0 where the target's probability is, whatever x.
/// Its sum over a distribution is the divergence D(t || e^x) of Kullback and Leibler:
/// `Reduction::batchmean` is the mean of these over axis 0, `mean` that over all elements.
Tensor kl_div(const Tensor& x, const Tensor& target, Reduction reduction = Reduction::mean,
              bool log_target = false);

/// cross_entropy(linear(x, weight, bias), target, options) without [N, V] numbers in memory:
/// logits, loss and gradients of some rows at a time, and nothing of rows whose target is ignored.
/// x: [N, D], weight: [V, D], target: [N] int32, bias: [V] or undefined. Result: [] or, for `none`,
/// [N]; `none` and class weights keep all logits. Throws as those two.
/// As torch.nn.functional.linear_cross_entropy.
Tensor linear_cross_entropy(const Tensor& x, const Tensor& weight, const Tensor& target,
                            const Tensor& bias = {}, CrossEntropyOptions options = {});

}  // namespace heed
