#pragma once

#include "tensor.hpp"

namespace heed {

enum class Reduction { mean, sum, none };

struct CrossEntropyOptions {
  /// Targets with this id count nothing.
  int64_t ignore_index = -100;
  /// Weight of the uniform distribution mixed into the target: (1 - s) one_hot + s / V.
  double label_smoothing = 0;
  /// `mean` divides by the number of targets that count
  /// (1 if there is none, so that the loss is 0).
  Reduction reduction = Reduction::mean;
};

/// Cross-entropy of logits [N, V] with target ids [N] (int32), computed in row chunks without a
/// table of probabilities beyond the logits' own. Result: [] or, for `none`, [N].
/// Throws `IndexError` for a target outside [0, V). As torch.nn.functional.cross_entropy.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, CrossEntropyOptions options = {});

/// cross_entropy(linear(x, weight, bias), target, options) without [N, V] numbers in memory:
/// logits, loss and gradients of some rows at a time, and nothing of rows whose target is ignored.
/// x: [N, D], weight: [V, D], target: [N] int32, bias: [V] or undefined. Result: [] or, for `none`,
/// which keeps all logits, [N]. Throws as those two. As torch.nn.functional.linear_cross_entropy.
Tensor linear_cross_entropy(const Tensor& x, const Tensor& weight, const Tensor& target,
                            const Tensor& bias = {}, CrossEntropyOptions options = {});

}  // namespace heed
