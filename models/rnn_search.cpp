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
//  6. Beyond the paper, all off by default: other cells (cell), several layers (the top layer's
//  states are searched with and read out), other scores and normalisers, local attention, coverage
//  and input feeding (Luong et al. 2015; See et al. 2017; layers/scores.hpp, layers/attention.hpp).
//  7. dropout, which the paper has not, acts on the embeddings, the read-out and
//  between layers; it is 0 by default.
#include "rnn_search.hpp"

#include "../core/elementwise.hpp"
#include "../core/error.hpp"
#include "../core/indexing.hpp"
#include "../core/products.hpp"
#include "../core/softmax.hpp"
#include "../core/views.hpp"
#include "../layers/initializers.hpp"
#include "text/vocabulary.hpp"

namespace heed {

namespace {

const RecurrentConfig& with_own_score(const RecurrentConfig& c) {
  if (c.attention == Score::custom) return c;
  throw ConfigError(
      "RNNsearch: a score function of your own needs attention = Score::custom in its "
      "configuration, so that a folder of it is not taken for another model");
}

}  // namespace

RNNsearch::RNNsearch(const RecurrentConfig& c) : RNNsearch(c, make_score(c), Checked{}) {}

RNNsearch::RNNsearch(const RecurrentConfig& c, ScoreFunction score)
    : RNNsearch(with_own_score(c), std::move(score), Checked{}) {}

RNNsearch::RNNsearch(const RecurrentConfig& c, ScoreFunction score, Checked)
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
      attention(std::move(score), {.normaliser = c.attention_normaliser,
                                   .window = c.attention_window,
                                   .local = c.attention_local,
                                   .query = c.hidden,
                                   .size = c.attention_size}),
      decoder(c),
      readout(make_readout(c)),
      generator(c.readout_size, c.target_vocab),
      dropout(c.dropout) {}

void RNNsearch::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("encoder", encoder)("initial", initial)("attention", attention)("decoder", decoder);
  m("readout", readout)("generator", generator)("dropout", dropout);
}

ScoreFunction make_score(const RecurrentConfig& c) {
  const AdditiveScoreConfig layer{
      .query = c.hidden, .key = 2 * c.hidden, .size = c.attention_size, .coverage = c.coverage};
  switch (c.attention) {
    case Score::additive:
      return ScoreFunction(AdditiveScore(layer));
    case Score::concat:
      return ScoreFunction(ConcatScore(layer));
    case Score::dot:
      return ScoreFunction(DotScore({c.hidden}));
    case Score::scaled:
      return ScoreFunction(ScaledDotScore({c.hidden}));
    case Score::general:
      return ScoreFunction(GeneralScore({c.hidden, 2 * c.hidden}));
    case Score::location:
      return ScoreFunction(LocationScore({c.hidden, c.max_length}));
    case Score::custom:
      break;
  }
  throw ConfigError(
      "attention: custom is a score function of a C++ program's own, as RNNsearch(config, score); "
      "choose one of heed's here");
}

namespace {

/// What the encoder leaves for the decoder.
struct Source {
  AttentionMemory memory;      // h_j: [N, S, 2n], U_a h_j: [N, S, A]
  std::vector<Tensor> states;  // s_0 of each layer: [N, n]
};

/// A.2.1: h_j = [h_j forward; h_j backward], and A.2.2: s_0 = tanh(W_s h_1 backward).
Source encode(const RNNsearch& m, const Tensor& source, const Tensor& keep) {
  check_source("RNNsearch", source, keep);
  const int64_t n = m.config.hidden;
  const Tensor h = m.encoder(m.dropout(m.source_embedding(source)), keep).output;
  const Tensor first_backward = slice(select(h, 1, 0), 1, n, 2 * n);
  return {m.attention.remember(h, keep), m.decoder.start(tanh(m.initial(first_backward)))};
}

/// The decoder's memory of what it wrote, for R = N K rows: K hypotheses of N sentences.
struct Written {
  std::vector<Tensor> states;  // s_{i-1} of each layer: [R, n]
  Tensor fed, coverage;        // t_{i-1}: [R, L]; sum of alpha so far: [R, S]; undefined if unused
  int64_t i = 0;

  Written(const RNNsearch& m, const Source& source) : states(source.states) {
    const int64_t N = states[0].size(0), S = source.memory.annotations.size(1);
    const DType dtype = states[0].dtype();
    if (m.config.input_feeding) fed = Tensor::zeros({N, m.config.readout_size}, dtype);
    if (m.attention.score.takes_coverage()) coverage = Tensor::zeros({N, S}, dtype);
  }
};

/// What step i gives: s_i [R, n], c_i [R, 2n], alpha_i [R, S].
struct Step {
  Tensor s, c, alpha;
};

/// A.2.2: e_ij = a(s_{i-1}, h_j), alpha_i = softmax(e_i), c_i = sum_j alpha_ij h_j, and
/// s_i = f(s_{i-1}, y_{i-1}, c_i).   gates_y: [R, G n], the projected E y_{i-1}.
Step next(const RNNsearch& m, const Source& source, const InputWeights& weights,
          const Tensor& gates_y, Written& written) {
  const int64_t N = source.states[0].size(0), R = gates_y.size(0);
  const auto of_sentences = [&](const Tensor& x) {  // [R, ...] -> [N, K, ...]
    return x.defined() ? reshape(x, {N, R / N, -1}) : x;
  };
  const Attended attended = m.attention(of_sentences(m.decoder.top(written.states)), source.memory,
                                        written.i++, of_sentences(written.coverage));
  const Tensor c = reshape(attended.context, {R, -1}), alpha = reshape(attended.weights, {R, -1});
  Tensor gates = gates_y + linear(c, weights.context);
  if (weights.fed.defined()) gates = gates + linear(written.fed, weights.fed);
  if (written.coverage.defined()) written.coverage = written.coverage + alpha;
  return {m.decoder.step(gates, written.states), c, alpha};
}

/// The logits W_o t_i.
Tensor generate(const RNNsearch& m, const Tensor& t) { return m.generator(m.dropout(t)); }

/// Teacher forcing: the logits [B, T, V], and in `alpha`, if wanted, alpha_ij [B, T, S].
Tensor read(const RNNsearch& m, const Tensor& source_words, const Tensor& keep,
            const Tensor& target, Tensor* alpha) {
  const Source source = encode(m, source_words, keep);
  const InputWeights weights(m.decoder, m.config);
  const Readout kind = m.config.readout;
  const Tensor Ey = m.dropout(m.target_embedding(target));        // [B, T, E]
  const Tensor gates_y = linear(Ey, weights.word, weights.bias);  // [B, T, G n]
  Written written(m, source);
  std::vector<Tensor> states, contexts, rows, fed;
  for (int64_t i = 0; i < target.size(1); ++i) {
    const auto [s, c, alpha_i] = next(m, source, weights, select(gates_y, 1, i), written);
    states.push_back(s);
    contexts.push_back(c);
    if (alpha) rows.push_back(alpha_i);
    if (!weights.fed.defined()) continue;
    fed.push_back(written.fed = read_out(m.readout, kind, s, c, select(Ey, 1, i)));
  }
  if (alpha) *alpha = stack(rows, 1);
  if (!fed.empty()) return generate(m, stack(fed, 1));
  return generate(m, read_out(m.readout, kind, stack(states, 1), stack(contexts, 1), Ey));
}

class RNNsearchDecoder final : public Decoder {
 public:
  RNNsearchDecoder(const RNNsearch& model, const Tensor& source, const Tensor& keep)
      : model_(model),
        weights_(model.decoder, model.config),
        source_(encode(model, source, keep)),
        written_(model, source_) {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    const Tensor Ey = model_.target_embedding(last);  // [R, E]
    const auto [s, c, alpha] =
        next(model_, source_, weights_, linear(Ey, weights_.word, weights_.bias), written_);
    alpha_ = alpha;
    const Tensor t = read_out(model_.readout, model_.config.readout, s, c, Ey);
    if (written_.fed.defined()) written_.fed = t;
    return log_softmax(generate(model_, t));
  }

  Tensor attention() const override { return alpha_; }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    NoGrad no_grad;
    const auto select_rows = [](Tensor& x, const Tensor& which) {
      if (x.defined()) x = index_select(x, 0, which);
    };
    for (Tensor& state : written_.states) select_rows(state, rows);
    select_rows(written_.fed, rows);
    select_rows(written_.coverage, rows);
    if (sentences.size(0) == source_.states[0].size(0)) return;
    for (Tensor& state : source_.states) select_rows(state, sentences);
    select_rows(source_.memory.annotations, sentences);
    select_rows(source_.memory.keys, sentences);
    select_rows(source_.memory.keep, sentences);
  }

 private:
  const RNNsearch& model_;
  InputWeights weights_;
  Source source_;
  Written written_;
  Tensor alpha_;  // of the last step, [R, S]
};

}  // namespace

Tensor RNNsearch::operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  return read(*this, source, keep, target, nullptr);
}

std::vector<AttentionWeights> RNNsearch::attention_weights(const Tensor& source, const Tensor& keep,
                                                           const Tensor& target) const {
  NoGrad no_grad;
  Tensor alpha;
  read(*this, source, keep, target, &alpha);
  return {{"attention", unsqueeze(alpha, 1)}};
}

LengthLimits RNNsearch::length_limits() const {
  if (config.attention != Score::location) return {};
  return {.source = config.max_length};
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
  initialize_alignment(model.attention);
  initialize(model.decoder.cell);
  for (const RecurrentCell& layer : model.decoder.layers) initialize(layer);
  initialize(model.readout);
  initialize(model.generator);
}

}  // namespace heed
