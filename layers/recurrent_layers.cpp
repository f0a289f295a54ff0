// Recurrent cells over sequences.
#include <algorithm>

#include "../core/memory.hpp"
#include "../core/operations.hpp"
#include "check.hpp"
#include "recurrent.hpp"

namespace heed {

namespace {

const char* name_of(Cell cell) {
  return cell == Cell::gru ? "GRU" : cell == Cell::lstm ? "LSTM" : "RNN";
}

/// One direction over the whole sequence: a single product for all inputs, then step by step.
/// x: [B, S, I], keep_steps: [S, B] or undefined, state: the first, undefined for zeros -> the
/// states [B, S, .] in the order of the words.
Tensor run(const RecurrentCell& cell, const Tensor& x, const Tensor& keep_steps, Tensor state,
           bool backward) {
  const int64_t S = x.size(1);
  const Tensor gates_x = cell.project(x);  // [B, S, G n]
  if (cell.config.cell == Cell::gru && cell.config.reset == Reset::after) {
    return gru_sequence(gates_x, cell.weight_hh, cell.bias_hh,
                        {.first = state, .keep = keep_steps, .backward = backward});
  }
  if (!state.defined()) state = Tensor::zeros({x.size(0), cell.state_size()}, x.dtype());
  Pooled<Tensor> states(static_cast<std::size_t>(S));
  for (int64_t i = 0; i < S; ++i) {
    const int64_t t = backward ? S - 1 - i : i;
    // Padding stands at the end: backward, the state stays the first until the last real word.
    const Tensor keep = keep_steps.defined() ? select(keep_steps, 0, t) : Tensor();
    state = cell.step(select(gates_x, 1, t), state, keep);
    states[static_cast<std::size_t>(t)] = state;
  }
  return stack(states, 1);
}

/// Shapes of a batch, x [B, S, I], keep [B, S], first [layers * directions, B, state size], or of
/// one sequence, without the B.
void check_sequence(const RecurrentLayers& layers, const Tensor& x, const Tensor& keep,
                    const Tensor& first) {
  const char* name = name_of(layers.config.cell);
  require_layers(name, layers.cells);
  if ((x.rank() != 2 && x.rank() != 3) || x.size(-2) == 0) {
    throw ShapeError(std::string(name) + ": x is " + to_string(x.shape()) +
                     ", expected [batch, words, features], or [words, features] of one sequence, "
                     "with at least one word");
  }
  const Shape words(x.shape().begin(), x.rank() - 1);  // [B, S] or [S]
  require_shape(name, "x", x, words.with(words.rank(), layers.config.input));
  if (keep.defined() && is_floating(keep.dtype())) {
    throw TypeError(std::string(name) + ": keep is " + to_string(keep.dtype()) +
                    ", expected bool (true = real word); first states are the third argument: "
                    "layer(x, {}, first)");
  }
  if (keep.defined()) require_mask(name, keep, words);
  if (!first.defined()) return;
  Shape states = words.with(0, static_cast<int64_t>(layers.cells.size()));
  states[words.rank()] = layers.cells[0].state_size();
  require_shape(name, "h0", first, states);
}

/// A mask that keeps every word is none.
bool keeps_all(const Tensor& keep) { return all(keep).item() != 0; }

/// `DataError` for padding before a word: keep [B, S] is turned round, or the padding is in front.
void check_padding_is_last(const char* name, const Tensor& keep) {
  const Array rows = keep.array().contiguous();
  const bool* row = rows.data<bool>();
  for (int64_t b = 0; b < rows.size(0); ++b, row += rows.size(1)) {
    if (std::is_partitioned(row, row + rows.size(1), [](bool word) { return word; })) continue;
    throw DataError(std::string(name) + ": row " + std::to_string(b) +
                    " of keep has padding (false) before a word (true); padding stands at the end, "
                    "and of a key_padding_mask, true at padding, keep is logical_not(mask)");
  }
}

/// One sequence, as a batch of one.
RecurrentResult read_alone(const RecurrentLayers& layers, const Tensor& x, const Tensor& keep,
                           const Tensor& first) {
  const auto batch = [](const Tensor& t, int64_t axis) {
    return t.defined() ? unsqueeze(t, axis) : t;
  };
  const RecurrentResult result = layers(batch(x, 0), batch(keep, 0), batch(first, 1));
  return {squeeze(result.output, 0), squeeze(result.last, 1),
          result.last_cell.defined() ? squeeze(result.last_cell, 1) : Tensor()};
}

std::string suffix(int64_t layer, bool backward) {
  return "_l" + std::to_string(layer) + (backward ? "_reverse" : "");
}

}  // namespace

RecurrentLayers::RecurrentLayers(RecurrentLayersConfig sizes)
    : config(sizes), dropout(sizes.dropout) {
  positive(name_of(sizes.cell), "layers", sizes.layers);
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    const int64_t input = layer == 0 ? sizes.input : directions() * sizes.hidden;
    for (int64_t direction = 0; direction < directions(); ++direction) {
      cells.emplace_back(
          CellConfig{sizes.cell, input, sizes.hidden, sizes.reset, sizes.nonlinearity, sizes.bias});
    }
  }
}

RecurrentResult RecurrentLayers::operator()(const Tensor& x, const Tensor& keep,
                                            const Tensor& first) const {
  check_sequence(*this, x, keep, first);
  if (x.rank() == 2) return read_alone(*this, x, keep, first);
  Tensor keep_steps, padding;  // [S, B], [B, S, 1]
  if (keep.defined() && !keeps_all(keep)) {
    check_padding_is_last(name_of(config.cell), keep);
    keep_steps = Tensor(keep.array().transpose(0, 1).contiguous());
    padding = unsqueeze(logical_not(keep), 2);
  }

  RecurrentResult result{x, {}, {}};
  Pooled<Tensor> last;
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const Tensor below = layer == 0 ? x : dropout(result.output);
    Pooled<Tensor> outputs;
    for (int64_t direction = 0; direction < directions(); ++direction) {
      const int64_t k = layer * directions() + direction;
      const bool backward = direction == 1;
      const RecurrentCell& cell = cells[static_cast<std::size_t>(k)];
      const Tensor start = first.defined() ? select(first, 0, k) : Tensor();
      const Tensor states = run(cell, below, keep_steps, start, backward);
      last.push_back(select(states, 1, backward ? 0 : -1));
      outputs.push_back(cell.output(states));
    }
    result.output = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);  // [B, S, directions n]
    if (padding.defined()) result.output = masked_fill(result.output, padding, 0);
  }
  const Tensor all = stack(last, 0);
  result.last = cells[0].output(all);
  if (config.cell == Cell::lstm) {
    result.last_cell = slice(all, -1, config.hidden, 2 * config.hidden);
  }
  return result;
}

void RecurrentLayers::members(Members& m) {
  for (std::size_t k = 0; k < cells.size(); ++k) {
    RecurrentCell& cell = cells[k];
    const auto index = static_cast<int64_t>(k);
    const std::string end = suffix(index / directions(), index % directions() == 1);
    m("weight_ih" + end, cell.weight_ih)("weight_hh" + end, cell.weight_hh);
    m("bias_ih" + end, cell.bias_ih)("bias_hh" + end, cell.bias_hh);
  }
  m("dropout", dropout);
}

namespace {

/// The configuration of a kind of layers as that of any.
template <class Config>
RecurrentLayersConfig layers_of(Cell cell, const Config& sizes) {
  RecurrentLayersConfig config{.cell = cell, .input = sizes.input, .hidden = sizes.hidden};
  config.layers = sizes.layers;
  config.bidirectional = sizes.bidirectional;
  config.dropout = sizes.dropout;
  config.bias = sizes.bias;
  if constexpr (requires { sizes.reset; }) config.reset = sizes.reset;
  if constexpr (requires { sizes.nonlinearity; }) config.nonlinearity = sizes.nonlinearity;
  return config;
}

}  // namespace

GRU::GRU(GRUConfig sizes) : RecurrentLayers(layers_of(Cell::gru, sizes)) {}

LSTM::LSTM(LSTMConfig sizes) : RecurrentLayers(layers_of(Cell::lstm, sizes)) {}

RecurrentResult LSTM::operator()(const Tensor& x, const Tensor& keep,
                                 const LSTMState& first) const {
  if (!first.h.defined() && !first.c.defined()) return RecurrentLayers::operator()(x, keep);
  if (!first.h.defined() || !first.c.defined() || first.h.shape() != first.c.shape()) {
    throw ShapeError("LSTM: the first h and c come together and have one shape");
  }
  return RecurrentLayers::operator()(x, keep, cat({first.h, first.c}, -1));
}

RNN::RNN(RNNConfig sizes) : RecurrentLayers(layers_of(Cell::rnn, sizes)) {}

}  // namespace heed
