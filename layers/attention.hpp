#pragma once

#include <heed/layers/linear.hpp>

namespace heed {

/// What an attention gives for each query.
struct Attended {
  /// c_i = sum_j alpha_ij h_j.
  Tensor context;
  /// alpha_ij, each row summing to 1 over the kept words (a row that keeps none: zeros).
  Tensor weights;
};

/// c_i = sum_j alpha_ij h_j with alpha = softmax of scores e over the kept words: what the score
/// functions have in common. e: [B, S], annotations: [B, S, C], keep: [B, S] bool or undefined
/// -> context [B, C], weights [B, S]; e: [B, K, S] for K queries of each sentence -> [B, K, C], [B,
/// K, S]. Bahdanau et al. 2014, eq. (5) and (6).
Attended attend(const Tensor& e, const Tensor& annotations, const Tensor& keep = {});

/// Sizes of an AdditiveAttention: n of the query, C of the annotations, A inside.
struct AdditiveAttentionConfig {
  int64_t query, key, size;
};

/// Soft search with the additive score e_ij = v^T tanh(W s_{i-1} + U h_j), alpha_i = softmax(e_i),
/// c_i = sum_j alpha_ij h_j.   Bahdanau et al. 2014, section 3.1 and appendix A.1.2; W, U, v are
/// query.weight [A, n], key.weight [A, C], energy.weight [1, A], without biases. It holds no state:
/// `project` computes U h once for a sentence. Other scores have the same two functions.
struct AdditiveAttention {
  AdditiveAttentionConfig config;
  Linear query, key, energy;

  explicit AdditiveAttention(AdditiveAttentionConfig sizes);
  /// U h_j for all words of a sentence: [B, S, C] -> [B, S, A].
  Tensor project(const Tensor& annotations) const { return key(annotations); }
  /// s: [B, n], keys: [B, S, A] from `project`, annotations: [B, S, C], keep: [B, S] bool, true =
  /// real word, or undefined -> context [B, C], weights [B, S]. K queries of each sentence share
  /// its keys: s: [B, K, n] -> context [B, K, C], weights [B, K, S]. Throws `ShapeError`.
  Attended operator()(const Tensor& s, const Tensor& keys, const Tensor& annotations,
                      const Tensor& keep = {}) const;
  void members(Members& m) { m("query", query)("key", key)("energy", energy); }
};

}  // namespace heed
