#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "../core/memory.hpp"
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
  /// y: [B, S, D]; the weights of its attention, [B, H, S, S].
  struct Output {
    Tensor y;
    LazyWeights self_weights;
  };

  explicit TransformerEncoderLayer(const TransformerLayerConfig& config);
  /// x: [B, S, D], keep: bool, bias: numbers added to the scores, both as in `AttentionInput` (a
  /// keep [B, S]: of each sentence's words).
  Output operator()(const Tensor& x, const Tensor& keep = {}, const Tensor& bias = {}) const;
  void members(Members& m);

  TransformerLayerConfig config;
  MultiHeadAttention self_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2;
  Dropout dropout;
};

/// One layer of the decoder: masked self-attention, attention to the source, feed-forward network.
/// Vaswani et al. 2017, section 3.1. As torch.nn.TransformerDecoderLayer(batch_first=True).
struct TransformerDecoderLayer {
  /// What it looks at besides its input.
  struct Context {
    /// The source's keys and values for this layer, [N, G, S, K]; N sentences.
    KeysAndValues source;
    /// bool, as in `AttentionInput`: `causal_keep` or [B, T] of the target's words, [N, S] of the
    /// source's.
    Tensor target_keep = {}, source_keep = {};
    /// Numbers added to the scores of the two, as in `AttentionInput`: [B, H, n, T], and
    /// [N, H, (B / N) n, S], where the texts of a sentence ask side by side.
    Tensor target_bias = {}, source_bias = {};
  };
  /// y: [B, n, D]; the weights of its attentions: self [B, H, n, T], to the source
  /// [N, H, (B / N) n, S], where the texts of a sentence ask side by side.
  struct Output {
    Tensor y;
    LazyWeights self_weights, source_weights;
  };

  explicit TransformerDecoderLayer(const TransformerLayerConfig& config);
  /// x: [B, n, D]; B is N, or N times the hypotheses of a sentence. These n words go on from those
  /// in `before`, T with them, and join them, unless it throws.
  Output operator()(const Tensor& x, const Context& context, KeyValueCache& before) const;
  /// All T words at once.
  Output operator()(const Tensor& x, const Context& context) const {
    KeyValueCache none;
    return (*this)(x, context, none);
  }
  void members(Members& m);

  TransformerLayerConfig config;
  MultiHeadAttention self_attn, multihead_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2, norm3;
  Dropout dropout;
};

/// A stack of encoder layers, for a classifier or tagger of one's own. Vaswani et al. 2017, section
/// 3.1. As torch.nn.TransformerEncoder.
struct TransformerEncoder {
  explicit TransformerEncoder(const TransformerStackConfig& config);
  /// x: [B, S, D], keep: bool, as in `AttentionInput` ([B, S]: of each sentence's words;
  /// `causal_keep(S, S)`: no word sees those after it), bias: numbers that every layer adds to the
  /// scores, as there; PyTorch's mask of floats -> [B, S, D].
  Tensor operator()(const Tensor& x, const Tensor& keep = {}, const Tensor& bias = {}) const;
  void members(Members& m) { m("layers", layers)("norm", norm); }

  TransformerStackConfig config;
  std::vector<TransformerEncoderLayer> layers;
  std::optional<LayerNorm> norm;
};

/// A stack of decoder layers over the encoder's output. Vaswani et al. 2017, section 3.1. As
/// torch.nn.TransformerDecoder.
struct TransformerDecoder {
  explicit TransformerDecoder(const TransformerStackConfig& config);
  /// x: [B, T, D], memory: [B, S, D]; target_keep: bool, which words each word of x sees, usually
  /// `causal_keep(T, T)`, source_keep: [B, S] of the memory's words; undefined: all; the biases:
  /// numbers added to the scores of the two, [B, H, T, T] and [B, H, T, S] as in `AttentionInput`
  /// -> [B, T, D].
  Tensor operator()(const Tensor& x, const Tensor& memory, const Tensor& target_keep = {},
                    const Tensor& source_keep = {}, const Tensor& target_bias = {},
                    const Tensor& source_bias = {}) const;
  void members(Members& m) { m("layers", layers)("norm", norm); }

  TransformerStackConfig config;
  std::vector<TransformerDecoderLayer> layers;
  std::optional<LayerNorm> norm;
};

/// The Transformer: encoder and decoder of attention alone. Vaswani et al. 2017 (arXiv 1706.03762);
/// transformer.cpp reads like its section 3. The weights under `transformer` are those of
/// torch.nn.Transformer(batch_first=True).
struct Transformer {
  /// What the encoder leaves of N sentences: their keep mask [N, S], and for each layer of the
  /// decoder keys and values, [N, G, S, K].
  struct Source {
    Tensor keep;
    Pooled<KeysAndValues> memory;
  };
  /// The words that R = N K hypotheses have so far (those of a sentence one after the other): their
  /// keys and values in each layer of the decoder. None in a new one.
  struct Target {
    Pooled<KeyValueCache> layers;
    int64_t length() const { return layers.empty() ? 0 : layers[0].length(); }
  };
  /// Logits of the words that follow each of n words, [R, n, V], and how its last layer looked at
  /// the source, [N, H, K n, S].
  struct Decoded {
    Tensor logits;
    LazyWeights source_weights;
  };

  explicit Transformer(const TransformerConfig& config);

  /// Teacher forcing. source: [B, S] int32, keep: [B, S] bool, target: [B, T] int32 from `<s>` on
  /// -> logits of the next words [B, T, V].
  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The same up to the generator: what it multiplies, [B, T, D].
  Tensor hidden(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// source: [N, S] int32, keep: [N, S] bool. `ShapeError` for a source without words.
  Source encode(const Tensor& source, const Tensor& keep) const;
  /// Reads the next n words of every hypothesis, [R, n] int32: they go on from `so_far`, and join
  /// it, unless it throws. In any pieces the logits are those of all words at once; without history
  /// after the first.
  Decoded decode(const Source& source, Target& so_far, const Tensor& words) const;
  /// The same up to the generator: [R, n, D].
  struct DecoderStates {
    Tensor y;
    LazyWeights source_weights;
  };
  DecoderStates decoder_states(const Source& source, Target& so_far, const Tensor& words) const;

  /// What the first layers read: words [B, T] int32, the first of them at the place `first` ->
  /// [B, T, D]. `DataError` beyond the learned positions.
  Tensor embed(Side side, const Tensor& words, int64_t first = 0) const;

  /// The weights of every attention on the way: `encoder.layers.0.self_attn`, ...,
  /// `decoder.layers.0.self_attn`, `decoder.layers.0.multihead_attn`, ...
  std::vector<AttentionWeights> attention_weights(const Tensor& source, const Tensor& keep,
                                                  const Tensor& target) const;
  /// Word by word, for search.
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
  /// `max_length` on each side with learned positions.
  LengthLimits length_limits() const;
  void members(Members& m);

  TransformerConfig config;
  /// With `tie`, the later of these are shares of the first.
  Embedding source_embedding, target_embedding;
  SinusoidalPositions sinusoids;
  std::optional<LearnedPositions> source_positions, target_positions;
  struct Stacks {
    TransformerEncoder encoder;
    TransformerDecoder decoder;
    void members(Members& m) { m("encoder", encoder)("decoder", decoder); }
  } transformer;
  Linear generator;
  Dropout dropout;
};

}  // namespace heed
