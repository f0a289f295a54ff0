#pragma once

#include <memory>
#include <vector>

#include "../layers/attention.hpp"
#include "../layers/dropout.hpp"
#include "../layers/embedding.hpp"
#include "../layers/linear.hpp"
#include "../layers/recurrent.hpp"
#include "attention_weights.hpp"
#include "decoder.hpp"
#include "recurrent_config.hpp"
#include "recurrent_decoder.hpp"

namespace heed {

/// RNNsearch: a bidirectional recurrent net writes an annotation h_j for every source word; a
/// recurrent decoder looks for the annotations that matter before each word that it writes.
/// Bahdanau, Cho, Bengio 2014 (arXiv 1409.0473), section 3 and appendix A; rnn_search.cpp reads
/// like it. Cells, scores, normaliser and local attention are the configuration's.
struct RNNsearch {
  /// What messages call it.
  static constexpr const char* name = "RNNsearch";

  explicit RNNsearch(const RecurrentConfig& config);
  /// The same with a score function of your own. `ConfigError` unless the configuration says so,
  /// attention = Score::custom: a folder with that is not taken for another model.
  RNNsearch(const RecurrentConfig& config, ScoreFunction score);

  /// Teacher forcing. source: [B, S] int32, keep: [B, S] bool, target: [B, T] int32 from `<s>` on
  /// -> logits of the next words [B, T, V].
  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The same up to the generator: what it multiplies, [B, T, L].
  Tensor hidden(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The alignment weights alpha_ij on the way: one attention with one head, [B, 1, T, S].
  std::vector<AttentionWeights> attention_weights(const Tensor& source, const Tensor& keep,
                                                  const Tensor& target) const;
  /// Word by word, for search.
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
  /// `max_length` tokens of the source with location scores.
  LengthLimits length_limits() const;
  void members(Members& m);

  // What the calls above are made of.

  /// Annotations h_j and s_0. source: [B, S] int32, keep: [B, S] bool.
  RecurrentSource encode(const Tensor& source, const Tensor& keep) const;
  /// One word on, from s_{i-1} and y_{i-1}; y: what `decoder.read(Ey)` gives.
  DecoderStep step(const RecurrentSource& source, const DecoderState& before,
                   const DecoderInput& y) const;
  /// t: [..., L] -> the logits of the next word, [..., V].
  Tensor logits(const Tensor& t) const;

  RecurrentConfig config;
  Embedding source_embedding, target_embedding;
  RecurrentLayers encoder;
  Linear initial;
  Attention attention;
  RecurrentDecoder decoder;
  DeepOutput readout;
  Linear generator;
  Dropout dropout;

 private:
  struct Checked {};
  RNNsearch(const RecurrentConfig& config, ScoreFunction score, Checked);
};

/// The score function that the configuration names; `ConfigError` for custom.
ScoreFunction make_score(const RecurrentConfig& config);

/// Draws all weights as appendix B.1 of the paper does: orthogonal recurrent matrices, the
/// alignment model's from N(0, 0.001^2), all others from N(0, 0.01^2), its energy and all biases 0.
void initialize_as_paper(RNNsearch& model);

}  // namespace heed
