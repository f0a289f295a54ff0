#pragma once

#include <cstdint>

#include "../layers/feed_forward.hpp"

namespace heed {

enum class NormPlace { post, pre };
enum class Positions { sinusoidal, learned, relative, rotary, alibi };
enum class Tie { none, target, all };

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
