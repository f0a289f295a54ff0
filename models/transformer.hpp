#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "../layers/dropout.hpp"
#include "../layers/embedding.hpp"
#include "../layers/feed_forward.hpp"
#include "../layers/key_value_cache.hpp"
#include "../layers/linear.hpp"
#include "../layers/multi_head_attention.hpp"
#include "../layers/norm.hpp"
#include "../layers/positions.hpp"
#include "attention_weights.hpp"
#include "decoder.hpp"
#include "transformer_config.hpp"

namespace heed {

/// One layer of the encoder: self-attention and a feed-forward network, each with its residual
/// connection and normalisation. Vaswani et al. 2017, section 3.1. As
/// torch.nn.TransformerEncoderLayer(batch_first=True).
struct TransformerEncoderLayer {
  explicit TransformerEncoderLayer(const TransformerConfig& config);
  /// x: [B, S, D], keep: bool, as in `AttentionInput` ([B, S]: of each sentence's words) ->
  /// [B, S, D]; in `weights`, if wanted, the attention's, [B, H, S, S].
  Tensor operator()(const Tensor& x, const Tensor& keep, Tensor* weights = nullptr) const;
  void members(Members& m);

  TransformerConfig config;
  MultiHeadAttention self_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2;
  Dropout dropout;
};

/// One layer of the decoder: masked self-attention, attention to the source, feed-forward network.
/// Vaswani et al. 2017, section 3.1. As torch.nn.TransformerDecoderLayer(batch_first=True).
struct TransformerDecoderLayer {
  /// What a decoder layer looks at besides its input.
  struct Context {
    /// The source's keys and values for this layer, [N, G, S, K]; N sentences.
    KeysAndValues source;
    /// bool, as in `AttentionInput`: `causal_keep` or [B, T] of the target's words, [N, S] of the
    /// source's.
    Tensor target_keep = {}, source_keep = {};
    /// The words before, when they come one at a time.
    KeyValueCache* cache = nullptr;
  };
  /// The weights of its two attentions.
  struct Weights {
    Tensor self, source;
  };

  explicit TransformerDecoderLayer(const TransformerConfig& config);
  /// x: [B, T, D]; B is N, or N times the hypotheses of a sentence -> [B, T, D].
  Tensor operator()(const Tensor& x, const Context& context, Weights* weights = nullptr) const;
  void members(Members& m);

  TransformerConfig config;
  MultiHeadAttention self_attn, multihead_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout;
};

/// The Transformer: encoder and decoder of attention alone. Vaswani et al. 2017 (arXiv 1706.03762);
/// transformer.cpp reads like its section 3. The weights under `transformer` are those of
/// torch.nn.Transformer(batch_first=True).
struct Transformer {
  explicit Transformer(const TransformerConfig& config);

  /// Teacher forcing. source: [B, S] int32, keep: [B, S] bool, target: [B, T] int32 from `<s>` on
  /// -> logits of the next words [B, T, V].
  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The weights of every attention on the way: `encoder.layers.0.self_attn`, ...,
  /// `decoder.layers.0.self_attn`, `decoder.layers.0.multihead_attn`, ...
  std::vector<AttentionWeights> attention_weights(const Tensor& source, const Tensor& keep,
                                                  const Tensor& target) const;
  /// Word by word, for search; each layer keeps the keys and values of the words before.
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
  /// `max_length` on each side with learned positions.
  LengthLimits length_limits() const;
  void members(Members& m);

  TransformerConfig config;
  /// With `tie`, the later of these are shares of the first.
  Embedding source_embedding, target_embedding;
  SinusoidalPositions sinusoids;
  std::optional<LearnedPositions> source_positions, target_positions;
  template <class Layer>
  struct Stack {
    std::vector<Layer> layers;
    LayerNorm norm;
    void members(Members& m) { m("layers", layers)("norm", norm); }
  };
  struct Stacks {
    Stack<TransformerEncoderLayer> encoder;
    Stack<TransformerDecoderLayer> decoder;
    void members(Members& m) { m("encoder", encoder)("decoder", decoder); }
  } transformer;
  Linear generator;
  Dropout dropout;
};

}  // namespace heed
