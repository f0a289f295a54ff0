#pragma once

#include <heed/layers/attention.hpp>
#include <heed/layers/dropout.hpp>

namespace heed {

/// The keep mask of T queries on S keys that may not look ahead: query t sees the keys
/// s <= t + S - T, all up to its own.   -> [1, T, S] bool. Vaswani et al. 2017, section 3.2.3.
Tensor causal_keep(int64_t T, int64_t S);

/// What an attention is asked. query: [B, T, D], key and value: [B, S, D]. keep: bool, true where a
/// query may look: [B, S] for the keys of each sentence, [B, T, S] for each query (`causal_keep`),
/// [B, H, T, S] for each head, where any size but S may be 1; undefined: everywhere.
struct AttentionInput {
  Tensor query, key, value;
  Tensor keep = {};
};

/// Attention(Q, K, V) = softmax(Q K^T / sqrt(K)) V.   query: [..., T, K], key: [..., S, K], value:
/// [..., S, C], keep: bool, broadcasts to [..., T, S] -> context [..., T, C], weights [..., T, S]
/// (as they are before dropout; a row that keeps no key: zeros). `dropout` is the probability of
/// dropping a weight. Throws `ShapeError`, `TypeError`. Vaswani et al. 2017, section 3.2.1, eq.
/// (1). As torch.nn.functional.scaled_dot_product_attention.
Attended scaled_dot_product_attention(const AttentionInput& in, double dropout = 0);

/// Sizes of a MultiHeadAttention: D of queries, keys and values; H heads of size K = D / H; the
/// probability of dropping a weight in training.
struct MultiHeadAttentionConfig {
  int64_t size = 0, heads = 0;
  double dropout = 0;
};

/// Keys and values cut into heads, [B, H, S, K] each.
struct KeysAndValues {
  Tensor key, value;
};

/// A text that attends to itself, cut into heads: query [B, H, T, K].
struct SelfProjection {
  Tensor query;
  KeysAndValues memory;
};

/// MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W_O with head_i = Attention(Q W_Q,i, K W_K,i,
/// V W_V,i).   Vaswani et al. 2017, section 3.2.2. in_proj_weight [3D, D] holds W_Q, W_K and W_V
/// below each other, in_proj_bias [3D]; out_proj is W_O. in_proj_weight starts Xavier uniform, the
/// biases 0. Throws `ConfigError` unless H divides D. As torch.nn.MultiheadAttention(D, H,
/// batch_first=True).
struct MultiHeadAttention {
  MultiHeadAttentionConfig config;
  Parameter in_proj_weight, in_proj_bias;
  Linear out_proj;
  Dropout dropout;

  explicit MultiHeadAttention(MultiHeadAttentionConfig sizes);
  /// -> context [B, T, D], weights [B, H, T, S]. Throws `ShapeError`, `TypeError`.
  Attended operator()(const AttentionInput& in) const;

  // The steps of the call above, for whoever keeps keys and values.

  /// Q W_Q: [B, T, D] -> [B, H, T, K].
  Tensor project_query(const Tensor& query) const;
  /// K W_K and V W_V: [B, S, D] twice -> [B, H, S, K] twice.
  KeysAndValues project(const Tensor& key, const Tensor& value) const;
  /// All three of one text, by one product: [B, T, D].
  SelfProjection project_self(const Tensor& x) const;
  /// query: [B, H, T, K] -> context [B, T, D], weights [B, H, T, S].
  Attended attend(const Tensor& query, const KeysAndValues& memory, const Tensor& keep = {}) const;
  void members(Members& m);
};

}  // namespace heed
