// "Neural machine translation by jointly learning to align and translate", Bahdanau, Cho and Bengio
// 2014 (arXiv 1409.0473), appendix A.2, its equations in the order in which they are computed.
//
//   E             source_embedding, target_embedding      e_ij   attention (layers/scores.cpp)
//   W, U, h_j     encoder (layers/recurrent.cpp)          s_i    decoder (recurrent_decoder.cpp)
//   W_s           initial                                 t_i    readout (recurrent_decoder.cpp)
//   v_a, W_a, U_a attention                               W_o    generator
//
// Letters of shapes: B sentences, S source and T target words, E embedding (the paper's m), n
// hidden, A attention_size, L readout_size (its l), V target_vocab; [...] is [B], or [N, K] for K
// hypotheses of each of N sentences. `o` multiplies element by element, y_0 is <s>. Weights and
// their start (B.1) are in recurrent_weights.cpp. Teacher forcing and search are in
// recurrent_decoding.hpp: they call `encode` and `step`, and compute t_i from the terms of `step`.
//
// The equations below are the paper's. Where heed differs, and the switch:
//  1. The reset gate acts after the product, in encoder and decoder, as in PyTorch: s~_i =
//     tanh(W E y_{i-1} + r_i o [U s_{i-1}] + C c_i). The paper's: reset = before.
//  2. The read-out t_i takes the new state s_i. The paper's s_{i-1}: readout_state = previous.
//  3. The update gate is PyTorch's, s_i = (1 - z_i) o s~_i + z_i o s_{i-1}: the paper's with the
//     weights of z_i negated, so the same functions. No switch.
//  4. A gate has two biases, as in PyTorch; s_0, t~_i and the last layer have one, the alignment
//     model none. The paper leaves biases out of its equations. No switch.
//  5. Padding, of which the paper does not speak, changes nothing: the backward encoder starts at
//     the last real word, alpha_ij is 0 on padding, the embedding of <pad> is 0 and not learnt.
//  6. Weights start as in PyTorch, embeddings from N(0, 1). The paper's start, B.1:
//     training.initialisation = paper, in C++ `initialize_as_paper`.
//  7. Beyond the paper, all off by default: other cells (cell), several layers (encoder_layers,
//     decoder_layers; the top one's states are h_j, s_{i-1} and s_i below), other scores and
//     normalisers (attention, attention_normaliser), local attention (attention_window,
//     attention_local), coverage, input feeding (input_feeding), a read-out of tanh (readout),
//     dropout (of embeddings, of t_i, between layers). Luong et al. 2015; See et al. 2017.
#include "rnn_search.hpp"

#include "../core/elementwise.hpp"
#include "../core/views.hpp"
#include "recurrent_decoding.hpp"

namespace heed {

// --- A.2.1 Encoder ---

RecurrentSource RNNsearch::encode(const Tensor& source, const Tensor& keep) const {
  check_source(name, source, keep);

  // E x_j, of both directions                                                          [B, S, E]
  const Tensor Ex = dropout(source_embedding(source));

  // A gated recurrent unit in each direction; forward, from h_0 = 0:
  //   h_j  = (1 - z_j) o h_{j-1} + z_j o h~_j                                     difference 3
  //   h~_j = tanh(W E x_j + U [r_j o h_{j-1}])                                    difference 1
  //   z_j  = sigmoid(W_z E x_j + U_z h_{j-1})
  //   r_j  = sigmoid(W_r E x_j + U_r h_{j-1})
  // backward the same with other weights, h_{j+1} for h_{j-1}, and 0 after the last word.
  // The annotation of word j: h_j = [forward h_j; backward h_j]                       [B, S, 2n]
  const Tensor h = encoder(Ex, keep).output;

  // --- A.2.2 Decoder ---
  // s_0 = tanh(W_s backward h_1)                                                          [B, n]
  const Tensor backward_h_1 = slice(select(h, 1, 0), 1, config.hidden, 2 * config.hidden);
  const Tensor s_0 = tanh(initial(backward_h_1));

  return {.start = decoder.start(s_0), .memory = attention.remember(h, keep)};  // with U_a h_j
}

// From s_{i-1} and y_{i-1}, which brings E y_{i-1}. What came after the paper enters at two points:
// `before.past` tells the attention where it has looked (local attention, coverage); `before.fed`
// is read by the decoder beside c_i (input feeding).
DecoderStep RNNsearch::step(const RecurrentSource& source, const DecoderState& before,
                            const DecoderInput& y) const {
  const Tensor s_before = decoder.top(before);  // s_{i-1}: [..., n]

  // e_ij = v_a^T tanh(W_a s_{i-1} + U_a h_j)                                            [..., S]
  const Tensor e = attention.energies(s_before, source.memory, before.past);

  // alpha_ij = exp(e_ij) / sum_k exp(e_ik)                                              [..., S]
  const Tensor alpha = attention.weights(e, s_before, source.memory, before.past);

  // c_i = sum_j alpha_ij h_j                                                           [..., 2n]
  const Tensor c = attention.context(alpha, source.memory);

  // s_i = f(s_{i-1}, y_{i-1}, c_i), a gated recurrent unit again:                       [..., n]
  //   s_i  = (1 - z_i) o s_{i-1} + z_i o s~_i                                     difference 3
  //   s~_i = tanh(W E y_{i-1} + U [r_i o s_{i-1}] + C c_i)                        difference 1
  //   z_i  = sigmoid(W_z E y_{i-1} + U_z s_{i-1} + C_z c_i)
  //   r_i  = sigmoid(W_r E y_{i-1} + U_r s_{i-1} + C_r c_i)
  DecoderState s = decoder(before, y, c);

  // t~_i = U_o s_{i-1} + V_o E y_{i-1} + C_o c_i                        difference 2   [..., 2L]
  // t_i  = [max(t~_{i,2j-1}, t~_{i,2j})], j = 1 .. L                                    [..., L]
  // from these terms by readout(terms): in search at once, in training for all words together.
  const bool as_paper = config.readout_state == ReadoutState::previous;
  const Tensor s_read = as_paper ? s_before : decoder.top(s);
  const DeepOutput::Terms terms = readout.terms(s_read, y.Ey, c);

  s.past = attention.after(before.past, alpha);
  return {s, terms, alpha};
}

// p(y_i | s_i, y_{i-1}, c_i) is proportional to exp(y_i^T W_o t_i): the logits W_o t_i   [..., V]
Tensor RNNsearch::logits(const Tensor& t) const { return generator(dropout(t)); }

// --- What the model is asked ---

Tensor RNNsearch::operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  return generator(hidden(source, keep, target));
}

Tensor RNNsearch::hidden(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  return dropout(teacher_forcing(*this, source, keep, target).t);
}

std::vector<AttentionWeights> RNNsearch::attention_weights(const Tensor& source, const Tensor& keep,
                                                           const Tensor& target) const {
  NoGrad no_grad;
  const Tensor alpha = stack(teacher_forcing(*this, source, keep, target).alpha, 1);  // [B, T, S]
  return {{"attention", unsqueeze(alpha, 1)}};
}

std::unique_ptr<Decoder> RNNsearch::start_decoder(const Tensor& source, const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<RecurrentSearch<RNNsearch>>(*this, source, keep);
}

LengthLimits RNNsearch::length_limits() const {
  if (config.attention != Score::location) return {};
  return {.source = config.max_length};
}

}  // namespace heed
