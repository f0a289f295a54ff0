#pragma once

#include <cstdint>

#include "../layers/feed_forward.hpp"
#include "../layers/relative_positions.hpp"

namespace heed {

enum class NormPlace { post, pre };
enum class Positions { sinusoidal, learned, relative, rotary, alibi };
enum class Tie { none, target, all };

/// Sizes and variants of one layer of an encoder or decoder. The defaults are those of
/// torch.nn.TransformerEncoderLayer, which calls `feed_forward` dim_feedforward and drops attention
/// weights by `dropout`, too.
struct TransformerLayerConfig {
  /// D, size of the layer's input and output; H, heads of its attentions, a divisor of D; F, inner
  /// size of its feed-forward network.
  int64_t d_model = 512, heads = 8, feed_forward = 2048;
  /// Probability of dropping an element of what a sub-layer gives and inside the feed-forward
  /// network, and of dropping an attention weight; in training.
  double dropout = 0.1, attention_dropout = 0;
  NormPlace norm = NormPlace::post;
  Activation activation = Activation::relu;
  /// Of the self-attention: where its words stand, and how far they see (0: the whole text).
  SelfPositions positions = SelfPositions::none;
  int64_t window = 0;
  /// Heads of keys and values in every attention, a divisor of `heads` (0: `heads`).
  int64_t kv_heads = 0;
  /// Added to the variance of every LayerNorm.
  double layer_norm_eps = 1e-5;
  /// Have projections, feed-forward network and LayerNorm biases?
  bool bias = true;
};

/// N layers one after the other, and after the last one more LayerNorm, as torch.nn.Transformer has
/// it, or with `last_norm = false` none, as torch.nn.TransformerEncoder(layer, N).
struct TransformerStackConfig {
  TransformerLayerConfig layer = {};
  int64_t layers = 6;
  bool last_norm = true;
};

/// Sizes and variants of the Transformer, the keys of config.json with the same names. The defaults
/// are the paper's base model (Vaswani et al. 2017, Table 3).
struct TransformerConfig {
  /// Number of words on each side, the four special symbols included.
  int64_t source_vocab = 0, target_vocab = 0;
  /// D: size of every layer's output;  H: heads of each attention, a divisor of D.
  int64_t d_model = 512, heads = 8;
  /// N: layers on each side;  F: inner size of the feed-forward networks (d_ff).
  int64_t encoder_layers = 6, decoder_layers = 6, feed_forward = 2048;
  /// Probability of dropping an element of the embeddings, of what each sub-layer gives and inside
  /// the feed-forward networks, and of dropping an attention weight; in training.
  double dropout = 0.1, attention_dropout = 0;
  /// Where the layer normalisation stands: after the residual sum as in the paper, or before the
  /// sub-layer.
  NormPlace norm = NormPlace::post;
  Activation activation = Activation::relu;
  /// Added to the embeddings (sinusoidal, learned), or inside every self-attention instead.
  Positions positions = Positions::sinusoidal;
  /// Which embeddings and generator weights are one: none; the target's two; all three.
  Tie tie = Tie::none;
  /// Positions that a model with learned ones has, on each side.
  int64_t max_length = 512;
  /// Heads of keys and values in every attention, a divisor of `heads` (0: `heads`); places that a
  /// word sees on either side in self-attention, in the decoder before it alone (0: all).
  int64_t kv_heads = 0, window = 0;
};

}  // namespace heed
