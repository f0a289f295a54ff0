// "Learning phrase representations using RNN encoder-decoder for statistical machine translation",
// Cho et al. 2014 (arXiv 1406.1078), section 2.2 and appendix A.1: one vector c for the whole
// source. Letters of shapes: B sentences, S source and T target words, E embedding, n hidden, G
// gates, L readout_size, V target_vocab.
//
// Where heed differs from the paper, and the switch:
//  1. The encoder reads in both directions, and c is the last state of each side by side, without
//  the layer tanh(V h) of eq. (4): so the model is RNNsearch with its search taken out. No switch.
//  2. s_0 comes from the backward state at the first word alone, as in RNNsearch. No switch.
//  3. The update gate, biases and the place of the reset gate are PyTorch's: see rnn_search.cpp.
//  4. Beyond the paper, off by default: other cells, several layers, input feeding, dropout.
#include "encoder_decoder.hpp"

#include "../core/elementwise.hpp"
#include "../core/indexing.hpp"
#include "../core/products.hpp"
#include "../core/softmax.hpp"
#include "../core/views.hpp"
#include "../layers/initializers.hpp"
#include "text/vocabulary.hpp"

namespace heed {

EncoderDecoder::EncoderDecoder(const RecurrentConfig& c)
    : config(c),
      source_embedding(c.source_vocab, c.embedding, Vocabulary::pad),
      target_embedding(c.target_vocab, c.embedding, Vocabulary::pad),
      encoder({.cell = c.cell,
               .input = c.embedding,
               .hidden = c.hidden,
               .layers = c.encoder_layers,
               .bidirectional = true,
               .reset = c.reset,
               .dropout = c.dropout}),
      initial(c.hidden, c.hidden),
      decoder(c),
      readout(make_readout(c)),
      generator(c.readout_size, c.target_vocab),
      dropout(c.dropout) {}

void EncoderDecoder::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("encoder", encoder)("initial", initial)("decoder", decoder);
  m("readout", readout)("generator", generator)("dropout", dropout);
}

namespace {

/// What the encoder leaves for the decoder.
struct Source {
  Tensor c;                    // [N, 2n]
  std::vector<Tensor> states;  // s_0 of each layer: [N, n]
};

/// Eq. (3): the encoder's states after the last word it reads, in each direction.
Source encode(const EncoderDecoder& m, const Tensor& source, const Tensor& keep) {
  check_source("EncoderDecoder", source, keep);
  const Tensor last = m.encoder(m.dropout(m.source_embedding(source)), keep).last;
  const Tensor forward = select(last, 0, -2), backward = select(last, 0, -1);  // the top layer's
  return {cat({forward, backward}, -1), m.decoder.start(tanh(m.initial(backward)))};
}

/// Eq. (5) and (6): s_i from s_{i-1}, y_{i-1} and c. gates: [R, G n], what word and context give;
/// t: the read-out before, with input feeding.
Tensor next(const EncoderDecoder& m, const InputWeights& weights, const Tensor& gates,
            const Tensor& t, std::vector<Tensor>& states) {
  return m.decoder.step(t.defined() ? gates + linear(t, weights.fed) : gates, states);
}

/// t_0 = 0 with input feeding, else undefined.
Tensor first_fed(const EncoderDecoder& m, const Tensor& c) {
  if (!m.config.input_feeding) return {};
  return Tensor::zeros({c.size(0), m.config.readout_size}, c.dtype());
}

class EncoderDecoderDecoder final : public Decoder {
 public:
  EncoderDecoderDecoder(const EncoderDecoder& model, const Tensor& source, const Tensor& keep)
      : model_(model),
        weights_(model.decoder, model.config),
        source_(encode(model, source, keep)),
        fed_(first_fed(model, source_.c)) {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    const Tensor Ey = model_.target_embedding(last), &c = source_.c;  // [R, E], [R, 2n]
    const Tensor gates = linear(Ey, weights_.word, weights_.bias) + linear(c, weights_.context);
    const Tensor s = next(model_, weights_, gates, fed_, source_.states);
    const Tensor t = read_out(model_.readout, model_.config.readout, s, c, Ey);
    if (fed_.defined()) fed_ = t;
    return log_softmax(model_.generator(t));
  }

  void reorder(const Tensor&, const Tensor& rows) override {
    NoGrad no_grad;
    // The context is a vector like the states: each hypothesis has its own.
    source_.c = index_select(source_.c, 0, rows);
    for (Tensor& state : source_.states) state = index_select(state, 0, rows);
    if (fed_.defined()) fed_ = index_select(fed_, 0, rows);
  }

 private:
  const EncoderDecoder& model_;
  InputWeights weights_;
  Source source_;
  Tensor fed_;
};

}  // namespace

Tensor EncoderDecoder::operator()(const Tensor& source, const Tensor& keep,
                                  const Tensor& target) const {
  auto [c, states] = encode(*this, source, keep);
  const int64_t B = target.size(0), T = target.size(1);
  const InputWeights weights(decoder, config);
  const Tensor Ey = dropout(target_embedding(target));  // [B, T, E]
  const Tensor gates =                                  // [B, T, G n]
      linear(Ey, weights.word, weights.bias) + unsqueeze(linear(c, weights.context), 1);
  std::vector<Tensor> s, fed;
  Tensor t = first_fed(*this, c);
  for (int64_t i = 0; i < T; ++i) {
    s.push_back(next(*this, weights, select(gates, 1, i), t, states));
    if (!t.defined()) continue;
    fed.push_back(t = read_out(readout, config.readout, s.back(), c, select(Ey, 1, i)));
  }
  if (!fed.empty()) return generator(dropout(stack(fed, 1)));
  const Tensor contexts = expand(unsqueeze(c, 1), {B, T, c.size(1)});
  return generator(dropout(read_out(readout, config.readout, stack(s, 1), contexts, Ey)));
}

std::unique_ptr<Decoder> EncoderDecoder::start_decoder(const Tensor& source,
                                                       const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<EncoderDecoderDecoder>(*this, source, keep);
}

void initialize_as_paper(EncoderDecoder& model) {
  using namespace init::bahdanau2014;
  initialize(model.source_embedding);
  initialize(model.target_embedding);
  initialize(model.encoder);
  initialize(model.initial);
  initialize(model.decoder.cell);
  for (const RecurrentCell& layer : model.decoder.layers) initialize(layer);
  initialize(model.readout);
  initialize(model.generator);
}

}  // namespace heed
