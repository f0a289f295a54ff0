// "Neural machine translation by jointly learning to align and translate", Bahdanau, Cho and Bengio
// 2014 (arXiv 1409.0473), appendix A.2. Symbols are the paper's; letters of shapes: B sentences, S
// source and T target words, E embedding, n hidden, A attention_size, L readout_size, V
// target_vocab; [...] is [B], or [N, K] for K hypotheses of each of N sentences. Weights and their
// start (B.1) are in recurrent_weights.cpp, teacher forcing and search in recurrent_decoding.hpp.
//
// Where heed differs from the paper, and the switch:
//  1. The reset gate acts after the product U s_{i-1}, as in PyTorch; the paper's: reset = before.
//  2. The read-out t_i takes the new state s_i; the paper's s_{i-1}: readout_state = previous.
//  3. The update gate is PyTorch's, s_i = (1 - z_i) s~_i + z_i s_{i-1}, where the paper has
//     (1 - z_i) s_{i-1} + z_i s~_i: the same functions with W_z, U_z, C_z negated. No switch.
//  4. Gates (two each, as in PyTorch), s_0, read-out and the last layer have biases, which the
//     paper leaves out of its equations. No switch; at 0 they change nothing.
//  5. Padding is kept out: the backward encoder starts at the last real word, alpha is 0 on
//     padding, the embedding of <pad> is 0 and not learnt. No switch; a sentence alone has none.
//  6. Weights start as in PyTorch, embeddings from N(0, 1); training.initialisation = paper (in C++
//     `initialize_as_paper`) is appendix B.1.
//  7. Beyond the paper, all off by default: other cells (cell), several layers (encoder_layers,
//     decoder_layers; the top layer's states are searched with and read out), other scores and
//     normalisers (attention, attention_normaliser), local attention (attention_window,
//     attention_local), coverage, input feeding (input_feeding), a read-out of tanh (readout),
//     dropout (of embeddings, of the read-out, between layers). Luong et al. 2015; See et al. 2017.
#include "rnn_search.hpp"

#include "../core/elementwise.hpp"
#include "../core/indexing.hpp"
#include "../core/views.hpp"
#include "recurrent_decoding.hpp"

namespace heed {

// --- A.2.1 Encoder ---

RecurrentSource RNNsearch::encode(const Tensor& source, const Tensor& keep) const {
  check_source("RNNsearch", source, keep);

  // E x_j                                                                              [B, S, E]
  const Tensor Ex = dropout(source_embedding(source));

  // Forward and backward a gated recurrent unit (layers/recurrent.hpp), from h_0 = 0:
  //   h_j  = (1 - z_j) h_{j-1} + z_j h~_j                                         difference 3
  //   h~_j = tanh(W E x_j + U [r_j h_{j-1}])                                      difference 1
  //   z_j  = sigmoid(W_z E x_j + U_z h_{j-1})
  //   r_j  = sigmoid(W_r E x_j + U_r h_{j-1})
  // The annotation of word j: h_j = [h_j forward; h_j backward]                       [B, S, 2n]
  const Tensor h = encoder(Ex, keep).output;

  // --- A.2.2 Decoder ---
  // s_0 = tanh(W_s h_1 backward)                                                          [B, n]
  const Tensor h_1_backward = slice(select(h, 1, 0), 1, config.hidden, 2 * config.hidden);
  const Tensor s_0 = tanh(initial(h_1_backward));

  return {.start = decoder.start(s_0), .memory = attention.remember(h, keep)};
}

// From s_{i-1} and y_{i-1}. What came after the paper enters at two points: `before.past` tells the
// attention where it has looked (local attention, coverage); `before.fed` is in the decoder's input
// beside c_i (input feeding).
DecoderStep RNNsearch::step(const RecurrentSource& x, const DecoderState& before,
                            const DecoderInput& y) const {
  const Tensor s_before = decoder.top(before);  // s_{i-1}: [..., n]

  // e_ij = v_a^T tanh(W_a s_{i-1} + U_a h_j), with U_a h_j once for each sentence       [..., S]
  const Tensor e = attention.energies(s_before, x.memory, before.past);

  // alpha_ij = exp(e_ij) / sum_k exp(e_ik)                                              [..., S]
  const Tensor alpha = attention.weights(e, s_before, x.memory, before.past);

  // c_i = sum_j alpha_ij h_j                                                           [..., 2n]
  const Tensor c = attention.context(alpha, x.memory);

  // s_i = f(s_{i-1}, y_{i-1}, c_i), a gated recurrent unit again:                       [..., n]
  //   s_i  = (1 - z_i) s_{i-1} + z_i s~_i                                         difference 3
  //   s~_i = tanh(W E y_{i-1} + U [r_i s_{i-1}] + C c_i)                          difference 1
  //   z_i  = sigmoid(W_z E y_{i-1} + U_z s_{i-1} + C_z c_i)
  //   r_i  = sigmoid(W_r E y_{i-1} + U_r s_{i-1} + C_r c_i)
  DecoderState s = decoder(before, y, c);

  // t~_i = U_o s_{i-1} + V_o E y_{i-1} + C_o c_i                                       [..., 2L]
  // t_i = [max(t~_{i,2l-1}, t~_{i,2l})], l = 1 .. L: what `readout` makes of t          [..., L]
  const bool as_paper = config.readout_state == ReadoutState::previous;  // difference 2
  const DeepOutput::Terms t{as_paper ? s_before : decoder.top(s), y.Ey, c};

  s.past = attention.after(before.past, alpha);
  return {s, t, alpha};
}

// p(y_i | s_i, y_{i-1}, c_i) is proportional to exp(y_i^T W_o t_i): the logits W_o t_i   [..., V]
Tensor RNNsearch::logits(const Tensor& t) const { return generator(dropout(t)); }

// --- What the model is asked ---

Tensor RNNsearch::operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  return teacher_forcing(*this, source, keep, target).logits;
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
