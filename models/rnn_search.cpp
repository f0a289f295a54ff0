// "Neural machine translation by jointly learning to align and translate", Bahdanau, Cho and Bengio
// 2014 (arXiv 1409.0473), appendix A. Symbols are the paper's; letters of shapes: B sentences, S
// source and T target words, E embedding, n hidden, A attention_size, L readout_size, V
// target_vocab.
//
// Where heed differs from the paper, and the switch:
//  1. The update gate is PyTorch's, s_i = (1 - z_i) s~_i + z_i s_{i-1}, where the paper has
//     (1 - z_i) s_{i-1} + z_i s~_i: the same family of functions, z renamed. No switch.
//  2. The read-out t_i takes the new state s_i where the paper takes s_{i-1}. No switch.
//  3. The reset gate acts after the product U s_{i-1}, as in PyTorch; reset = before is the
//  paper's.
//  4. Every gate has two biases, as in PyTorch; the paper leaves biases out of its equations. No
//  switch.
//  5. Weights start as in PyTorch, embeddings from N(0, 1); `initialize_as_paper` is appendix B.1.
//  6. dropout, which the paper has not, acts on the embeddings and the read-out; it is 0 by
//  default.
#include <heed/models/rnn_search.hpp>

#include <heed/core/elementwise.hpp>
#include <heed/core/indexing.hpp>
#include <heed/core/products.hpp>
#include <heed/core/softmax.hpp>
#include <heed/core/views.hpp>
#include <heed/layers/initializers.hpp>
#include <heed/models/vocabulary.hpp>

namespace heed {

RNNsearch::RNNsearch(const RecurrentConfig& c)
    : config(c),
      source_embedding(c.source_vocab, c.embedding, Vocabulary::pad),
      target_embedding(c.target_vocab, c.embedding, Vocabulary::pad),
      encoder({.input = c.embedding,
               .hidden = c.hidden,
               .layers = c.encoder_layers,
               .bidirectional = true,
               .reset = c.reset,
               .dropout = c.dropout}),
      initial(c.hidden, c.hidden),
      attention({.query = c.hidden, .key = 2 * c.hidden, .size = c.attention_size}),
      decoder{GRUCell({c.embedding + 2 * c.hidden, c.hidden, c.reset})},
      readout(c.hidden + 2 * c.hidden + c.embedding,
              c.readout == Readout::maxout ? 2 * c.readout_size : c.readout_size),
      generator(c.readout_size, c.target_vocab),
      dropout(c.dropout) {}

void RNNsearch::DecoderParts::members(Members& m) { m("cell", cell); }

void RNNsearch::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("encoder", encoder)("initial", initial)("attention", attention)("decoder", decoder);
  m("readout", readout)("generator", generator)("dropout", dropout);
}

namespace {

/// What the encoder leaves for the decoder.
struct Source {
  Tensor keep;         // [B, S]
  Tensor annotations;  // h_j: [B, S, 2n]
  Tensor keys;         // U_a h_j: [B, S, A]
  Tensor state;        // s_0: [B, n]
};

/// A.2.1: h_j = [h_j forward; h_j backward], and A.2.2: s_0 = tanh(W_s h_1 backward).
Source encode(const RNNsearch& m, const Tensor& source, const Tensor& keep) {
  check_source("RNNsearch", source, keep);
  const int64_t n = m.config.hidden;
  const Tensor h = m.encoder(m.dropout(m.source_embedding(source)), keep).output;
  const Tensor first_backward = slice(select(h, 1, 0), 1, n, 2 * n);
  return {keep, h, m.attention.project(h), tanh(m.initial(first_backward))};
}

/// The decoder's input weights, cut: W E y_{i-1} + C c_i instead of one product with [E y_{i-1};
/// c_i], so that all words of a target can be multiplied at once.
struct InputWeights {
  Tensor word, context;  // [3n, E], [3n, 2n]
  explicit InputWeights(const RNNsearch& m)
      : word(slice(m.decoder.cell.weight_ih, 1, 0, m.config.embedding)),
        context(slice(m.decoder.cell.weight_ih, 1, m.config.embedding,
                      m.config.embedding + 2 * m.config.hidden)) {}
};

/// A.2.2: t_i = maxout(U_o s_i + V_o E y_{i-1} + C_o c_i), then the logits W_o t_i, for any number
/// of words.
Tensor words(const RNNsearch& m, const Tensor& s, const Tensor& c, const Tensor& Ey) {
  const Tensor t = m.readout(cat({s, c, Ey}, -1));  // t~: [..., 2L]
  if (m.config.readout == Readout::tanh) return m.generator(m.dropout(tanh(t)));
  const int64_t end = t.size(-1);
  return m.generator(m.dropout(maximum(slice(t, -1, 0, end, 2), slice(t, -1, 1, end, 2))));
}

/// Teacher forcing: the logits [B, T, V], and in `alpha`, if wanted, alpha_ij [B, T, S].
Tensor read(const RNNsearch& m, const Tensor& source, const Tensor& keep, const Tensor& target,
            Tensor* alpha) {
  auto [mask, h, Uh, s] = encode(m, source, keep);
  const InputWeights weights(m);
  const Tensor Ey = m.dropout(m.target_embedding(target));                  // [B, T, E]
  const Tensor gates_y = linear(Ey, weights.word, m.decoder.cell.bias_ih);  // [B, T, 3n]
  std::vector<Tensor> states, contexts, rows;
  for (int64_t i = 0; i < target.size(1); ++i) {
    const Attended attended = m.attention(s, Uh, h, mask);  // c_i, alpha_i
    const Tensor gates = select(gates_y, 1, i) + linear(attended.context, weights.context);
    s = m.decoder.cell.step(gates, s);  // s_i: [B, n]
    states.push_back(s);
    contexts.push_back(attended.context);
    if (alpha) rows.push_back(attended.weights);
  }
  if (alpha) *alpha = stack(rows, 1);
  return words(m, stack(states, 1), stack(contexts, 1), Ey);
}

class RNNsearchDecoder final : public Decoder {
 public:
  RNNsearchDecoder(const RNNsearch& model, const Tensor& source, const Tensor& keep)
      : model_(model), weights_(model), source_(encode(model, source, keep)) {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    const int64_t N = source_.keep.size(0), R = last.size(0);
    Tensor& s = source_.state;
    const Tensor Ey = model_.target_embedding(last);  // [R, E]
    const Attended attended = model_.attention(reshape(s, {N, R / N, -1}), source_.keys,
                                               source_.annotations, source_.keep);
    const Tensor c = reshape(attended.context, {R, -1});
    alpha_ = reshape(attended.weights, {R, -1});
    const Tensor gates =
        linear(Ey, weights_.word, model_.decoder.cell.bias_ih) + linear(c, weights_.context);
    s = model_.decoder.cell.step(gates, s);
    return log_softmax(words(model_, s, c, Ey));
  }

  Tensor attention() const override { return alpha_; }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    NoGrad no_grad;
    source_.state = index_select(source_.state, 0, rows);
    if (sentences.size(0) == source_.keep.size(0)) return;
    source_.keep = index_select(source_.keep, 0, sentences);
    source_.annotations = index_select(source_.annotations, 0, sentences);
    source_.keys = index_select(source_.keys, 0, sentences);
  }

 private:
  const RNNsearch& model_;
  InputWeights weights_;
  Source source_;
  Tensor alpha_;  // of the last step, [R, S]
};

}  // namespace

Tensor RNNsearch::operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  return read(*this, source, keep, target, nullptr);
}

std::vector<AttentionWeights> RNNsearch::attend(const Tensor& source, const Tensor& keep,
                                                const Tensor& target) const {
  NoGrad no_grad;
  Tensor alpha;
  read(*this, source, keep, target, &alpha);
  return {{"attention", unsqueeze(alpha, 1)}};
}

std::unique_ptr<Decoder> RNNsearch::start_decoder(const Tensor& source, const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<RNNsearchDecoder>(*this, source, keep);
}

void initialize_as_paper(RNNsearch& model) {
  using namespace init::bahdanau2014;
  initialize(model.source_embedding);
  initialize(model.target_embedding);
  initialize(model.encoder);
  initialize(model.initial);
  initialize(model.attention);
  initialize(model.decoder.cell);
  initialize(model.readout);
  initialize(model.generator);
}

}  // namespace heed
