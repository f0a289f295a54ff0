#pragma once

#include <memory>

#include "../layers/dropout.hpp"
#include "../layers/embedding.hpp"
#include "../layers/linear.hpp"
#include "../layers/recurrent.hpp"
#include "decoder.hpp"
#include "recurrent_config.hpp"
#include "recurrent_decoder.hpp"

namespace heed {

/// The RNN encoder-decoder: what a bidirectional recurrent net remembers at the ends of the source,
/// [last forward state; first backward state], is the one context of every word that the decoder
/// writes. Cho et al. 2014 (arXiv 1406.1078), section 2.2 and appendix A; Sutskever et al. 2014.
/// It is RNNsearch without the search, with the same names of weights but `attention.*`.
struct EncoderDecoder {
  /// What messages call it.
  static constexpr const char* name = "EncoderDecoder";

  explicit EncoderDecoder(const RecurrentConfig& config);

  /// Teacher forcing. source: [B, S] int32, keep: [B, S] bool, target: [B, T] int32 from `<s>` on
  /// -> logits of the next words [B, T, V].
  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The same up to the generator: what it multiplies, [B, T, L].
  Tensor hidden(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// Word by word, for search.
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
  void members(Members& m);

  // What the calls above are made of.

  /// c and s_0. source: [B, S] int32, keep: [B, S] bool.
  RecurrentSource encode(const Tensor& source, const Tensor& keep) const;
  /// One word on, from s_{i-1} and y_{i-1}; y: what `decoder.read(Ey, source.c)` gives, for c is
  /// in its gates; `Error` for one read without c.
  DecoderStep step(const RecurrentSource& source, const DecoderState& before,
                   const DecoderInput& y) const;
  /// t: [..., L] -> the logits of the next word, [..., V].
  Tensor logits(const Tensor& t) const;

  RecurrentConfig config;
  Embedding source_embedding, target_embedding;
  RecurrentLayers encoder;
  Linear initial;
  RecurrentDecoder decoder;
  DeepOutput readout;
  Linear generator;
  Dropout dropout;
};

/// Draws all weights as appendix B.1 of Bahdanau et al. 2014 does, as `initialize_as_paper` of an
/// RNNsearch.
void initialize_as_paper(EncoderDecoder& model);

}  // namespace heed
