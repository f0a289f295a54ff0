#include "recurrent_decoder.hpp"

#include <string>

#include "../core/elementwise.hpp"
#include "../core/error.hpp"
#include "../core/indexing.hpp"
#include "../core/products.hpp"
#include "../core/views.hpp"

namespace heed {

namespace {

/// Words [B, T, E] that share a context c [B, C].
void check_one_context(const Tensor& Ey, const Tensor& c, int64_t C) {
  if (Ey.rank() == 3 && c.shape() == Shape{Ey.size(0), C}) return;
  throw ShapeError("RecurrentDecoder: read: the words are " + to_string(Ey.shape()) +
                   ", their context " + to_string(c.shape()) + ", expected [B, T, E] and [B, " +
                   std::to_string(C) + "]");
}

void check_layers(const DecoderState& state, std::size_t layers) {
  if (state.layers.size() == layers) return;
  throw ShapeError("RecurrentDecoder: the state has " + std::to_string(state.layers.size()) +
                   " layers, the decoder " + std::to_string(layers) +
                   "; expected what start(s_0) or a step gives");
}

/// With t_{i-1} if it is fed back.
void check_fed(const DecoderState& state, bool fed) {
  if (state.fed.defined() == fed) return;
  throw ShapeError(
      fed ? "RecurrentDecoder: input feeding, and the state has no read-out t_{i-1} in "
            "fed; expected readout(terms) of the step before"
          : "RecurrentDecoder: the state has a read-out in fed; expected none, without "
            "input feeding");
}

/// The context comes once: with the input or beside it.
void check_context(const DecoderInput& y, const Tensor& c) {
  const bool in_input = !y.context_weight.defined();
  if (in_input != c.defined()) return;
  throw Error(in_input ? "RecurrentDecoder: the input was read with a context and the step has "
                         "another; expected read(Ey), or no context in the step"
                       : "RecurrentDecoder: neither the input nor the step has a context; expected "
                         "read(Ey, c), of an EncoderDecoder with source.c, or a c in the step");
}

}  // namespace

DecoderInput DecoderInput::at(int64_t i) const {
  return {select(Ey, 1, i), select(gates, 1, i), context_weight, fed_weight};
}

RecurrentDecoder::RecurrentDecoder(const RecurrentConfig& c)
    : embedding(c.embedding),
      fed_size(c.input_feeding ? c.readout_size : 0),
      cell({.cell = c.cell,
            .input = c.embedding + 2 * c.hidden + fed_size,
            .hidden = c.hidden,
            .reset = c.reset}),
      dropout(c.dropout) {
  for (int64_t k = 1; k < c.decoder_layers; ++k) {
    layers.emplace_back(
        CellConfig{.cell = c.cell, .input = c.hidden, .hidden = c.hidden, .reset = c.reset});
  }
}

DecoderState RecurrentDecoder::start(const Tensor& s_0) const {
  DecoderState state{Pooled<Tensor>(1 + layers.size(), cell.state_from(s_0))};
  if (fed_size > 0) state.fed = Tensor::zeros({s_0.size(0), fed_size}, s_0.dtype());
  return state;
}

Tensor RecurrentDecoder::columns(int64_t from, int64_t to) const {
  return slice(cell.weight_ih, 1, from, to);
}

DecoderInput RecurrentDecoder::read(const Tensor& Ey, const Tensor& c) const {
  const int64_t E = embedding, end = E + 2 * cell.config.hidden;
  if (c.defined()) {
    check_one_context(Ey, c, end - E);
    return read_with(Ey, context_gates(c));
  }
  const Tensor of_words = linear(Ey, columns(0, E), cell.bias_ih);
  return {Ey, of_words, columns(E, end), fed_size > 0 ? columns(end, end + fed_size) : Tensor()};
}

Tensor RecurrentDecoder::context_gates(const Tensor& c) const {
  return linear(c, columns(embedding, embedding + 2 * cell.config.hidden));
}

DecoderInput RecurrentDecoder::read_with(const Tensor& Ey, const Tensor& of_context) const {
  DecoderInput y = read(Ey);
  y.gates = y.gates + unsqueeze(of_context, 1);
  y.context_weight = Tensor();
  return y;
}

DecoderState RecurrentDecoder::operator()(const DecoderState& before, const DecoderInput& y,
                                          const Tensor& c) const {
  check_context(y, c);
  check_layers(before, 1 + layers.size());
  check_fed(before, fed_size > 0);
  DecoderState state = before;
  Tensor gates = c.defined() ? y.gates + linear(c, y.context_weight) : y.gates;
  if (state.fed.defined()) gates = gates + linear(state.fed, y.fed_weight);
  state.layers[0] = cell.step(gates, state.layers[0]);
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const Tensor below = dropout(cell.output(state.layers[k]));
    state.layers[k + 1] = layers[k].step(layers[k].project(below), state.layers[k + 1]);
  }
  return state;
}

Tensor RecurrentDecoder::top(const DecoderState& state) const {
  check_layers(state, 1 + layers.size());
  return cell.output(state.layers.back());
}

void RecurrentDecoder::members(Members& m) {
  m("cell", cell);
  for (std::size_t k = 0; k < layers.size(); ++k) m("layers." + std::to_string(k + 1), layers[k]);
  m("dropout", dropout);
}

DeepOutput::DeepOutput(const RecurrentConfig& c)
    : Linear(c.hidden + 2 * c.hidden + c.embedding,
             c.readout == Readout::maxout ? 2 * c.readout_size : c.readout_size),
      kind(c.readout) {}

Tensor DeepOutput::operator()(const Terms& terms) const {
  const auto& [s, Ey, c] = terms;
  // A product for each term: side by side they would be copies, [..., 3n + E] numbers.
  const int64_t n = s.size(-1), C = c.size(-1), E = Ey.size(-1);
  const auto columns = [&](int64_t from, int64_t to) { return slice(weight, 1, from, to); };
  Tensor from_c = linear(c, columns(n, n + C));
  if (c.rank() < Ey.rank()) from_c = unsqueeze(from_c, 1);
  const Tensor t = linear(s, columns(0, n), bias) + from_c +
                   linear(Ey, columns(n + C, n + C + E));  // t~: [..., 2L]
  if (kind == Readout::tanh) return tanh(t);
  const int64_t end = t.size(-1);
  return maximum(slice(t, -1, 0, end, 2), slice(t, -1, 1, end, 2));
}

}  // namespace heed
