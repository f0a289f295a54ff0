// "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
// Cho et al. 2014 (arXiv 1406.1078), section 2.2 and appendix A: one vector c for the whole source.
// Letters of shapes: B sentences, S source and T target words, E embedding, n hidden, L
// readout_size, V target_vocab; [...] is [B], or [N, K] for K hypotheses of each of N sentences.
//
// Where heed differs from the paper, and the switch:
//  1. The encoder reads in both directions, and c is the last state of each side by side, without a
//     layer tanh(V h): so the model is RNNsearch with its search taken out. No switch.
//  2. s_0 comes from the backward state at the first word alone, as in RNNsearch. No switch.
//  3. The reset gate acts after the product, on U h alone, as in PyTorch. In the paper's encoder it
//     acts before it: reset = before, which is for both. In the paper's decoder it acts after it,
//     and on the context too, r o [U h + C c]: no switch.
//  4. The matrix from t_i to the words is one, W_o (generator). The paper's is a product of two,
//     G = G_l G_r (appendix A). No switch.
//  5. Biases, padding and first weights: 4 to 6 of rnn_search.cpp.
//  6. Beyond the paper, all off by default: other cells (cell), several layers (encoder_layers,
//     decoder_layers), input feeding (input_feeding), a read-out of tanh (readout) or of s_{i-1}
//     (readout_state), dropout.
#include "encoder_decoder.hpp"

#include "../core/elementwise.hpp"
#include "../core/views.hpp"
#include "recurrent_decoding.hpp"

namespace heed {

// c: the last state of each direction, forward after the last word, backward after the first;
// s_0 = tanh(W_s backward h_1).
RecurrentSource EncoderDecoder::encode(const Tensor& source, const Tensor& keep) const {
  check_source(name, source, keep);
  const Tensor last = encoder(dropout(source_embedding(source)), keep).last;
  const Tensor forward = select(last, 0, -2), backward = select(last, 0, -1);  // top layer, [B, n]
  const Tensor c = cat({forward, backward}, -1);                               // [B, 2n]
  const Tensor s_0 = tanh(initial(backward));                                  // [B, n]
  return {.start = decoder.start(s_0), .c = c};
}

DecoderStep EncoderDecoder::step(const RecurrentSource& source, const DecoderState& before,
                                 const DecoderInput& y) const {
  // s_i = f(s_{i-1}, y_{i-1}, c); c is in y's gates, of a given text once for all words [..., n]
  const DecoderState s = decoder(before, y);

  // p(y_i | y_1 .. y_{i-1}, c) = g(s_i, y_{i-1}, c), by t_i as in rnn_search.cpp, of these terms
  const bool previous = config.readout_state == ReadoutState::previous;
  return {s, readout.terms(decoder.top(previous ? before : s), y.Ey, source.c)};
}

Tensor EncoderDecoder::logits(const Tensor& t) const { return generator(dropout(t)); }

Tensor EncoderDecoder::operator()(const Tensor& source, const Tensor& keep,
                                  const Tensor& target) const {
  return generator(hidden(source, keep, target));
}

Tensor EncoderDecoder::hidden(const Tensor& source, const Tensor& keep,
                              const Tensor& target) const {
  return dropout(teacher_forcing(*this, source, keep, target).t);
}

std::unique_ptr<Decoder> EncoderDecoder::start_decoder(const Tensor& source,
                                                       const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<RecurrentSearch<EncoderDecoder>>(*this, source, keep);
}

}  // namespace heed
