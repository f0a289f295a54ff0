// The weights of the recurrent models: their shapes, names and first values.
#include <utility>

#include "../core/error.hpp"
#include "../layers/initializers.hpp"
#include "encoder_decoder.hpp"
#include "rnn_search.hpp"
#include "text/vocabulary.hpp"

namespace heed {

namespace {

RecurrentLayersConfig encoder_sizes(const RecurrentConfig& c) {
  return {.cell = c.cell,
          .input = c.embedding,
          .hidden = c.hidden,
          .layers = c.encoder_layers,
          .bidirectional = true,
          .reset = c.reset,
          .dropout = c.dropout};
}

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
      encoder(encoder_sizes(c)),
      initial(c.hidden, c.hidden),
      attention(std::move(score), {.normaliser = c.attention_normaliser,
                                   .window = c.attention_window,
                                   .local = c.attention_local,
                                   .query = c.hidden,
                                   .size = c.attention_size}),
      decoder(c),
      readout(c),
      generator(c.readout_size, c.target_vocab),
      dropout(c.dropout) {}

void RNNsearch::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("encoder", encoder)("initial", initial)("attention", attention)("decoder", decoder);
  m("readout", readout)("generator", generator)("dropout", dropout);
}

EncoderDecoder::EncoderDecoder(const RecurrentConfig& c)
    : config(c),
      source_embedding(c.source_vocab, c.embedding, Vocabulary::pad),
      target_embedding(c.target_vocab, c.embedding, Vocabulary::pad),
      encoder(encoder_sizes(c)),
      initial(c.hidden, c.hidden),
      decoder(c),
      readout(c),
      generator(c.readout_size, c.target_vocab),
      dropout(c.dropout) {}

void EncoderDecoder::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("encoder", encoder)("initial", initial)("decoder", decoder);
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

constexpr double usual_deviation = 0.01, alignment_deviation = 0.001;

void initialize(const Linear& layer) {
  init::normal(layer.weight, usual_deviation);
  if (layer.bias.defined()) init::zeros(layer.bias);
}

void initialize(const Embedding& layer) {
  init::normal(layer.weight, usual_deviation);
  if (layer.padding_index >= 0)
    init::zeros(Tensor(layer.weight.array().select(0, layer.padding_index)));
}

void initialize(const RecurrentCell& cell) {
  const int64_t n = cell.config.hidden;
  init::normal(cell.weight_ih, usual_deviation);
  for (int64_t gate = 0; gate < cell.weight_hh.size(0) / n; ++gate) {
    init::orthogonal(Tensor(cell.weight_hh.array().slice(0, gate * n, (gate + 1) * n)));
  }
  init::zeros(cell.bias_ih);
  init::zeros(cell.bias_hh);
}

void initialize(const RecurrentLayers& layers) {
  for (const RecurrentCell& cell : layers.cells) initialize(cell);
}

void initialize_alignment(const ModuleView& attention) {
  for (const NamedTensor& weight : named_parameters(attention)) {
    init::normal(weight.tensor, alignment_deviation);
    if (weight.name.ends_with("energy.weight")) init::zeros(weight.tensor);
  }
}

/// All but the alignment model's.
template <class Model>
void initialize_recurrent(const Model& model) {
  initialize(model.source_embedding);
  initialize(model.target_embedding);
  initialize(model.encoder);
  initialize(model.initial);
  initialize(model.decoder.cell);
  for (const RecurrentCell& layer : model.decoder.layers) initialize(layer);
  initialize(model.readout);
  initialize(model.generator);
}

}  // namespace

void initialize_as_paper(RNNsearch& model) {
  initialize_recurrent(model);
  initialize_alignment(model.attention);
}

void initialize_as_paper(EncoderDecoder& model) { initialize_recurrent(model); }

}  // namespace heed
