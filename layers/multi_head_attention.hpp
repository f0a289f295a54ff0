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
/// 0)` here, because of two axes the first is always the sentence's. PyTorch's masks of numbers are
/// `bias`: what is added to the scores, shaped as a keep of [B, H, T, S]. scale: what the scores
/// are multiplied by before; none: 1 / sqrt(K).
struct AttentionInput {
  Tensor query, key, value;
  Tensor keep = {}, bias = {};
  std::optional<double> scale = {};
};

/// Attention(Q, K, V) = softmax(Q K^T / sqrt(K)) V.   query: [..., T, K], key: [..., S, K], value:
/// [..., S, C], as many axes each, leading ones that broadcast; keep: bool, broadcasts to
/// [..., T, S], its axes as many or the first 1, and so does the bias, where -inf hides as keep
/// does -> context [..., T, C],
/// weights [..., T, S] (as they are before dropout; a row that keeps no key: zeros). Keys and
/// values [B, G, S, K] of queries [B, H, T, K], G a divisor of H: each serves H / G heads in a row.
/// `dropout` is the probability of dropping a weight. From 8 queries on, with up to 4 axes and
/// without a bias, the context is computed tile by tile in memory that grows with T + S, forward
/// and backward; the weights then only when they are looked at. Throws `ShapeError`, `TypeError`.
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
  /// Are there in_proj_bias and out_proj.bias?
  bool bias = true;
};

/// Keys and values cut into heads, [B, G, S, K] each.
struct KeysAndValues {
  Tensor key, value;
};

class KeyValueCache;

/// MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W_O with head_i = Attention(Q W_Q,i, K W_K,i,
/// V W_V,i).   Vaswani et al. 2017, section 3.2.2. in_proj_weight [(H + 2G) K, D] holds W_Q, W_K
/// and W_V below each other, in_proj_bias [(H + 2G) K]; out_proj is W_O. in_proj_weight starts
/// Xavier uniform, the biases 0. Every call gives the context [B, T, D] and the weights [B, H, T,
/// S] as `scaled_dot_product_attention` does, with relative positions all weights at once, and
/// throws `ShapeError` and `TypeError`. The constructor throws `ConfigError` unless H
/// divides D and G divides H. As torch.nn.MultiheadAttention(D, H, batch_first=True), with its
/// weights where G = H.
struct MultiHeadAttention {
  MultiHeadAttentionConfig config;
  Parameter in_proj_weight, in_proj_bias;
  Linear out_proj;
  /// With positions = relative.
  std::optional<RelativePositions> relative;
  Dropout dropout;

  explicit MultiHeadAttention(MultiHeadAttentionConfig sizes);
  /// In PyTorch's order; what is not here is named in the configuration.
  MultiHeadAttention(int64_t size, int64_t heads, double dropped = 0, bool bias = true)
      : MultiHeadAttention(MultiHeadAttentionConfig{
            .size = size, .heads = heads, .dropout = dropped, .bias = bias}) {}

  /// A text attends to itself: Q = K = V = x, [B, T, D], by one product. PyTorch's
  /// attention(x, x, x). bias: numbers that are added to the scores, as in `AttentionInput`.
  Attended self(const Tensor& x, const Tensor& keep = {}, const Tensor& bias = {}) const;
  /// x goes on from the words that `before` holds, and joins them: its T words see all S so far,
  /// keep is for all of them ([B, S], [1, T, S]: `causal_keep(T, S)`), and so is the bias.
  Attended self(const Tensor& x, const Tensor& keep, KeyValueCache& before,
                const Tensor& bias = {}) const;

  /// A text attends to another, by three products. `Error` for an attention with a window or
  /// positions: those are of a text that attends to itself.
  Attended operator()(const AttentionInput& in) const;
  /// The same with keys and values that were projected before, once for all queries: [B, T, D].
  Attended operator()(const Tensor& query, const KeysAndValues& memory, const Tensor& keep = {},
                      const Tensor& bias = {}) const;
  /// K W_K and V W_V of one text, K = V = memory: [B, S, D] -> [B, G, S, K] twice, by one product.
  KeysAndValues project(const Tensor& memory) const;

  void members(Members& m);
};

}  // namespace heed
