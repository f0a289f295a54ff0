#pragma once

#include <optional>

#include "attention.hpp"
#include "dropout.hpp"
#include "relative_positions.hpp"

namespace heed {

/// The keep mask of T queries on S keys that may not look ahead: query t sees the keys
/// s <= t + S - T, all up to its own.   -> [1, T, S] bool. Vaswani et al. 2017, section 3.2.3.
Tensor causal_keep(int64_t T, int64_t S);

/// What an attention is asked. query: [B, T, D], key and value: [B, S, D]. keep: bool, true where a
/// query may look: [B, S] for the keys of each sentence, [B, T, S] for each query (`causal_keep`),
/// [B, H, T, S] for each head, where any size but S may be 1; undefined: everywhere. That is so in
/// every layer: PyTorch's key_padding_mask turned round; its attn_mask [T, S] is `unsqueeze(keep,
/// 0)` here, because of two axes the first is always the sentence's.
struct AttentionInput {
  Tensor query, key, value;
  Tensor keep = {};
};

/// Attention(Q, K, V) = softmax(Q K^T / sqrt(K)) V.   query: [..., T, K], key: [..., S, K], value:
/// [..., S, C], keep: bool, broadcasts to [..., T, S], its axes as many or the first 1 -> context
/// [..., T, C], weights [..., T, S] (as they are before dropout; a row that keeps no key: zeros).
/// Keys and values [B, G, S, K] of queries [B, H, T, K], G a divisor of H: each serves H / G heads
/// in a row. `dropout` is the probability of dropping a weight. Throws `ShapeError`, `TypeError`.
/// Vaswani et al. 2017, section 3.2.1, eq. (1). As torch.nn.functional.scaled_dot_product_attention
/// (with enable_gqa).
Attended scaled_dot_product_attention(const AttentionInput& in, double dropout = 0);

/// Sizes of a MultiHeadAttention: D of queries, keys and values; H heads of size K = D / H; the
/// probability of dropping a weight in training. The rest came after the paper; a window and
/// positions are for a text that attends to itself.
struct MultiHeadAttentionConfig {
  int64_t size = 0, heads = 0;
  double dropout = 0;
  /// G heads of keys and values, a divisor of H; 0: H. One: multi-query attention (Shazeer 2019,
  /// arXiv 1911.02150); some: grouped-query (Ainslie et al. 2023, arXiv 2305.13245). Head h looks
  /// at the keys of head h G / H, rounded down; both count from 0.
  int64_t kv_heads = 0;
  /// A word sees those at most so many places away; 0: the whole text.
  int64_t window = 0;
  SelfPositions positions = SelfPositions::none;
  /// k of `RelativePositions`; Shaw et al. take 16.
  int64_t distance = 16;
};

/// Keys and values cut into heads, [B, G, S, K] each.
struct KeysAndValues {
  Tensor key, value;
};

/// A text that attends to itself, cut into heads: query [B, H, T, K].
struct SelfProjection {
  Tensor query;
  KeysAndValues memory;
};

/// MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W_O with head_i = Attention(Q W_Q,i, K W_K,i,
/// V W_V,i).   Vaswani et al. 2017, section 3.2.2. in_proj_weight [(H + 2G) K, D] holds W_Q, W_K
/// and W_V below each other, in_proj_bias [(H + 2G) K]; out_proj is W_O. in_proj_weight starts
/// Xavier uniform, the biases 0. Throws `ConfigError` unless H divides D and G divides H. As
/// torch.nn.MultiheadAttention(D, H, batch_first=True), with its weights where G = H.
struct MultiHeadAttention {
  MultiHeadAttentionConfig config;
  Parameter in_proj_weight, in_proj_bias;
  Linear out_proj;
  /// With positions = relative.
  std::optional<RelativePositions> relative;
  Dropout dropout;

  explicit MultiHeadAttention(MultiHeadAttentionConfig sizes);
  /// -> context [B, T, D], weights [B, H, T, S]. Throws `ShapeError`, `TypeError`; `Error` where
  /// a text does not attend to itself but the attention has a window or positions.
  Attended operator()(const AttentionInput& in) const;

  // The steps of the call above, for whoever keeps keys and values.

  /// Q W_Q: [B, T, D] -> [B, H, T, K].
  Tensor project_query(const Tensor& query) const;
  /// K W_K and V W_V: [B, S, D] twice -> [B, G, S, K] twice.
  KeysAndValues project(const Tensor& key, const Tensor& value) const;
  /// All three of one text, by one product: [B, T, D], its words at the places from `first` on.
  SelfProjection project_self(const Tensor& x, int64_t first = 0) const;
  /// query: [B, H, T, K], with a window or positions the last T of the words; keep as in
  /// `AttentionInput` -> context [B, T, D], weights [B, H, T, S].
  Attended attend(const Tensor& query, const KeysAndValues& memory, const Tensor& keep = {}) const;
  void members(Members& m);
};

}  // namespace heed
