#include "recurrent_decoder.hpp"

#include "../core/elementwise.hpp"
#include "../core/views.hpp"

namespace heed {

RecurrentDecoder::RecurrentDecoder(const RecurrentConfig& c)
    : cell({.cell = c.cell,
            .input = c.embedding + 2 * c.hidden + (c.input_feeding ? c.readout_size : 0),
            .hidden = c.hidden,
            .reset = c.reset}),
      dropout(c.dropout) {
  for (int64_t k = 1; k < c.decoder_layers; ++k) {
    layers.emplace_back(
        CellConfig{.cell = c.cell, .input = c.hidden, .hidden = c.hidden, .reset = c.reset});
  }
}

std::vector<Tensor> RecurrentDecoder::start(const Tensor& s0) const {
  return std::vector<Tensor>(1 + layers.size(), cell.state_from(s0));
}

Tensor RecurrentDecoder::step(const Tensor& gates, std::vector<Tensor>& states) const {
  states[0] = cell.step(gates, states[0]);
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const Tensor below = dropout(cell.output(states[k]));
    states[k + 1] = layers[k].step(layers[k].project(below), states[k + 1]);
  }
  return top(states);
}

void RecurrentDecoder::members(Members& m) {
  m("cell", cell);
  for (std::size_t k = 0; k < layers.size(); ++k) m("layers." + std::to_string(k + 1), layers[k]);
  m("dropout", dropout);
}

InputWeights::InputWeights(const RecurrentDecoder& decoder, const RecurrentConfig& c)
    : word(slice(decoder.cell.weight_ih, 1, 0, c.embedding)),
      context(slice(decoder.cell.weight_ih, 1, c.embedding, c.embedding + 2 * c.hidden)),
      bias(decoder.cell.bias_ih) {
  if (!c.input_feeding) return;
  const int64_t end = decoder.cell.config.input;
  fed = slice(decoder.cell.weight_ih, 1, end - c.readout_size, end);
}

Linear make_readout(const RecurrentConfig& c) {
  return Linear(c.hidden + 2 * c.hidden + c.embedding,
                c.readout == Readout::maxout ? 2 * c.readout_size : c.readout_size);
}

Tensor read_out(const Linear& readout, Readout kind, const Tensor& s, const Tensor& c,
                const Tensor& Ey) {
  const Tensor t = readout(cat({s, c, Ey}, -1));  // t~: [..., 2L]
  if (kind == Readout::tanh) return tanh(t);
  const int64_t end = t.size(-1);
  return maximum(slice(t, -1, 0, end, 2), slice(t, -1, 1, end, 2));
}

}  // namespace heed
