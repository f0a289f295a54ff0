#pragma once

#include <vector>

#include "../core/memory.hpp"
#include "../layers/attention.hpp"
#include "../layers/dropout.hpp"
#include "../layers/linear.hpp"
#include "../layers/recurrent.hpp"
#include "recurrent_config.hpp"

/// What writes in RNNsearch and in the EncoderDecoder alike. Leading axes [...] are [B], one word
/// of every sentence, or [N, K], one of each of K hypotheses of N sentences.
namespace heed {

/// What the decoder remembers of the words it wrote.
struct DecoderState {
  /// s of each layer, the lowest first: [..., n], an LSTM's with its c [..., 2n].
  Pooled<Tensor> layers;
  /// What local attention and coverage go by.
  AttentionPast past = {};
  /// t_{i-1}: [..., L]; undefined without input feeding.
  Tensor fed = {};
};

/// What the encoder leaves for the decoder, for N sentences.
struct RecurrentSource {
  /// s_0 in every layer: [N, n].
  DecoderState start;
  /// Of RNNsearch: h_j [N, S, 2n], their keys, keep [N, S].
  AttentionMemory memory = {};
  /// Of the EncoderDecoder: the one context, [N, 2n].
  Tensor c = {};
};

/// What the last word, or every word of a text, brings to a step.
struct DecoderInput {
  /// E y_{i-1}: [..., E], and its part of the lowest layer's gates: [..., G n].
  Tensor Ey, gates;
  /// The columns of the same weight for c_i, [G n, 2n], undefined where c is in the gates, and with
  /// input feeding for t_{i-1}, [G n, L].
  Tensor context_weight, fed_weight;
  /// Of a text's words, [B, T, .], the i-th: [B, .].
  DecoderInput at(int64_t i) const;
};

/// The recurrent layers that write: the lowest reads the last word and the context,
/// s_i = f(s_{i-1}, y_{i-1}, c_i), with input feeding also the read-out before it, t_{i-1} (Luong
/// et al. 2015, section 3.3); each further layer reads the state below it. Weights: cell.*, whose
/// input is [E y_{i-1}; c_i; t_{i-1}], layers.1.*, layers.2.*, ...
struct RecurrentDecoder {
  explicit RecurrentDecoder(const RecurrentConfig& config);
  /// Every layer's state before the first word, from s_0 [B, n].
  DecoderState start(const Tensor& s_0) const;
  /// What words bring, by one product for all: Ey [..., E]. c: a context [B, 2n] that is the same
  /// at every step, Ey then [B, T, E] (`ShapeError`).
  DecoderInput read(const Tensor& Ey, const Tensor& c = {}) const;
  /// The part of such a context in the gates, [B, G n], and the same `read` with it: for words that
  /// come one by one, c is then multiplied once.
  Tensor context_gates(const Tensor& c) const;
  DecoderInput read_with(const Tensor& Ey, const Tensor& of_context) const;
  /// One word on; c: [..., 2n], undefined where `y` has brought it: `Error` for none at all, or
  /// two. `ShapeError` for a state of another number of layers, as of `top`, or with `fed` where
  /// nothing is fed back, or without where it is. The result's `past` and `fed` are still those of
  /// before.
  DecoderState operator()(const DecoderState& before, const DecoderInput& y,
                          const Tensor& c = {}) const;
  /// s of the top layer: [..., n].
  Tensor top(const DecoderState& state) const;
  void members(Members& m);

  int64_t embedding, fed_size;
  RecurrentCell cell;
  /// Layers 1, 2, ...
  std::vector<RecurrentCell> layers;
  Dropout dropout;

 private:
  /// Of the lowest layer's weight for its input.
  Tensor columns(int64_t from, int64_t to) const;
};

/// The deep output with one maxout layer: t~_i = U_o s + V_o E y_{i-1} + C_o c_i + b with
/// [U_o C_o V_o] = weight, t_i = [max(t~_{i,2j}, t~_{i,2j+1})], j from 0; or t_i = tanh(t~_i).
/// Bahdanau et al. 2014, appendix A.2.2; Goodfellow et al. 2013 (maxout), Pascanu et al. 2014.
struct DeepOutput : Linear {
  explicit DeepOutput(const RecurrentConfig& config);
  /// What t_i is made of.
  struct Terms {
    Tensor s, Ey, c;
  };
  /// t_i not yet computed. s: [..., n], Ey: [..., E], c: [..., 2n], or [B, 2n] for all words
  /// [B, T, .] of a sentence.
  static Terms terms(const Tensor& s, const Tensor& Ey, const Tensor& c) { return {s, Ey, c}; }
  /// -> t_i [..., L], of one word or, by one product, of many.
  Tensor operator()(const Terms& terms) const;

  Readout kind;
};

/// What a step gives: s_i, what t_i is made of, alpha_i [..., S] of a model that has it. With input
/// feeding s.fed is still t_{i-1}: before the next step it has to become the read-out of `terms`.
struct DecoderStep {
  DecoderState s;
  DeepOutput::Terms terms;
  Tensor alpha = {};
};

}  // namespace heed
