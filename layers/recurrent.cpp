#include "recurrent.hpp"

#include "../core/kernels/kernels.hpp"
#include "../core/memory.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

struct CellKind {
  const char *layer, *cell;
  int64_t gates;
};

CellKind kind_of(Cell cell) {
  switch (cell) {
    case Cell::gru:
      return {"GRU", "GRUCell", 3};
    case Cell::lstm:
      return {"LSTM", "LSTMCell", 4};
    case Cell::rnn:
      break;
  }
  return {"RNN", "RNNCell", 1};
}

/// Shapes of a step: gates [B, 3n], h [B, n], keep [B].
void check_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h, const Tensor& keep) {
  if (h.rank() != 2) {
    throw ShapeError("gru_step: h is " + to_string(h.shape()) + ", expected [batch, hidden]");
  }
  const int64_t B = h.size(0), n = h.size(1);
  require_shape("gru_step", "gates_x", gates_x, {B, 3 * n});
  require_shape("gru_step", "gates_h", gates_h, {B, 3 * n});
  if (keep.defined()) require_mask("gru_step", keep, {B});
  if (gates_x.dtype() != h.dtype() || gates_h.dtype() != h.dtype()) {
    throw TypeError(std::string("gru_step: gates_x is ") + to_string(gates_x.dtype()) +
                    ", gates_h " + to_string(gates_h.dtype()) + ", h " + to_string(h.dtype()) +
                    "; give all three one element type");
  }
}

/// Shapes of an LSTM's step: gates [B, 4n], state [B, 2n], keep [B].
void check_lstm_step(const Tensor& gates, const Tensor& state, const Tensor& keep) {
  if (state.rank() != 2 || state.size(1) % 2 != 0) {
    throw ShapeError("lstm_step: the state is " + to_string(state.shape()) +
                     ", expected [batch, 2 hidden]: h and c side by side");
  }
  require_shape("lstm_step", "gates", gates, {state.size(0), 2 * state.size(1)});
  if (keep.defined()) require_mask("lstm_step", keep, {state.size(0)});
  if (gates.dtype() != state.dtype()) {
    throw TypeError(std::string("lstm_step: gates are ") + to_string(gates.dtype()) +
                    ", the state " + to_string(state.dtype()) + "; give both one element type");
  }
}

/// The rows that are not kept keep their h.
Tensor keep_rows(const Tensor& fresh, const Tensor& h, const Tensor& keep) {
  return keep.defined() ? where(unsqueeze(keep, 1), fresh, h) : fresh;
}

/// Gate number `k` of gates [B, count n].
Tensor gate(const Tensor& gates, int64_t k, int64_t count = 3) {
  const int64_t n = gates.size(-1) / count;
  return slice(gates, -1, k * n, (k + 1) * n);
}

/// (1 - z) c + z h.
Tensor interpolate(const Tensor& z, const Tensor& c, const Tensor& h) { return c + z * (h - c); }

/// A step with the reset gate before the product: c = tanh(x_n + U_n (r h) + b'_n).
Tensor step_reset_before(const RecurrentCell& cell, const Tensor& gates_x, const Tensor& h,
                         const Tensor& keep) {
  const int64_t n = cell.config.hidden;
  const Tensor gates_h =
      linear(h, slice(cell.weight_hh, 0, 0, 2 * n), slice(cell.bias_hh, 0, 0, 2 * n));
  const Tensor gates = sigmoid(slice(gates_x, -1, 0, 2 * n) + gates_h);
  const Tensor r = slice(gates, -1, 0, n), z = slice(gates, -1, n, 2 * n);
  const Tensor candidate =
      tanh(gate(gates_x, 2) + linear(r * h, slice(cell.weight_hh, 0, 2 * n, 3 * n),
                                     slice(cell.bias_hh, 0, 2 * n, 3 * n)));
  return keep_rows(interpolate(z, candidate, h), h, keep);
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

void gru_step_backward(const Array& g, const Array& h, const Array& keep, const Array& gates,
                       Gradients& out) {
  const int64_t B = h.size(0), n = h.size(1);
  const Array d_gates_x = Array::empty({B, 3 * n}, h.dtype());
  const Array d_gates_h = Array::empty({B, 3 * n}, h.dtype());
  const Array d_h = Array::empty({B, n}, h.dtype());
  kernels::gru_gates_backward(g, h, keep, gates, d_gates_x, d_gates_h, d_h);
  out.give(0, d_gates_x);
  out.give(1, d_gates_h);
  out.give(2, d_h);
}

void lstm_step_backward(const Array& g, const Array& state, const Array& next, const Array& keep,
                        const Array& gates, Gradients& out) {
  Array d_gates, d_state;
  kernels::lstm_gates_backward(g, state, next, keep, gates, d_gates, d_state);
  out.give(0, d_gates);
  out.give(1, d_state);
}

void check_sequence(const RecurrentLayers& layers, const Tensor& x, const Tensor& keep,
                    const Tensor& first) {
  const char* name = kind_of(layers.config.cell).layer;
  if (x.rank() != 3 || x.size(1) == 0) {
    throw ShapeError(std::string(name) + ": x is " + to_string(x.shape()) +
                     ", expected [batch, words, features] with at least one word");
  }
  const int64_t B = x.size(0), S = x.size(1);
  require_shape(name, "x", x, {B, S, layers.config.input});
  if (keep.defined()) require_mask(name, keep, {B, S});
  if (!first.defined()) return;
  require_shape(name, "h0", first,
                {static_cast<int64_t>(layers.cells.size()), B, layers.cells[0].state_size()});
}

/// A mask that keeps every word is none.
bool keeps_all(const Tensor& keep) {
  return sum(keep.to(int32)).item() == static_cast<double>(keep.numel());
}

std::string suffix(int64_t layer, bool backward) {
  return "_l" + std::to_string(layer) + (backward ? "_reverse" : "");
}

}  // namespace

Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h, const Tensor& keep) {
  check_step(gates_x, gates_h, h, keep);
  const Array mask = keep.defined() ? keep.array() : Array();
  const Array y = Array::empty(h.shape(), h.dtype());
  const Array gates = Array::empty({h.size(0), 4 * h.size(1)}, h.dtype());
  kernels::gru_gates(gates_x.array(), gates_h.array(), h.array(), mask, y, gates);
  return record("gru_step", y,
                joint({&gates_x, &gates_h, &h}, saved(h, mask, gates), gru_step_backward));
}

Tensor composed::gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                          const Tensor& keep) {
  check_step(gates_x, gates_h, h, keep);
  const Tensor r = sigmoid(gate(gates_x, 0) + gate(gates_h, 0));
  const Tensor z = sigmoid(gate(gates_x, 1) + gate(gates_h, 1));
  const Tensor c = tanh(gate(gates_x, 2) + r * gate(gates_h, 2));
  return keep_rows(interpolate(z, c, h), h, keep);
}

Tensor lstm_step(const Tensor& gates, const Tensor& state, const Tensor& keep) {
  check_lstm_step(gates, state, keep);
  const Array mask = keep.defined() ? keep.array() : Array();
  Array activations;  // [B, 4n]: i, f, g, o
  Array y = kernels::lstm_gates(gates.array(), state.array(), mask, activations);
  return record("lstm_step", y,
                joint({&gates, &state}, saved(state, y, mask, activations), lstm_step_backward));
}

Tensor composed::lstm_step(const Tensor& gates, const Tensor& state, const Tensor& keep) {
  check_lstm_step(gates, state, keep);
  const Tensor i = sigmoid(gate(gates, 0, 4)), f = sigmoid(gate(gates, 1, 4));
  const Tensor g = tanh(gate(gates, 2, 4)), o = sigmoid(gate(gates, 3, 4));
  const Tensor c = f * gate(state, 1, 2) + i * g;
  return keep_rows(cat({o * tanh(c), c}, -1), state, keep);
}

RecurrentCell::RecurrentCell(CellConfig sizes) : config(sizes) {
  const CellKind kind = kind_of(sizes.cell);
  const int64_t n = positive(kind.cell, "hidden", sizes.hidden), rows = kind.gates * n;
  weight_ih = Parameter(init::empty({rows, positive(kind.cell, "input", sizes.input)}));
  weight_hh = Parameter(init::empty({rows, n}));
  bias_ih = Parameter(init::empty({rows}));
  bias_hh = Parameter(init::empty({rows}));
  for (const Parameter* weight : {&weight_ih, &weight_hh, &bias_ih, &bias_hh}) {
    init::uniform_fan(*weight, n);
  }
}

Tensor RecurrentCell::project(const Tensor& x) const { return linear(x, weight_ih, bias_ih); }

Tensor RecurrentCell::step(const Tensor& gates_x, const Tensor& state, const Tensor& keep) const {
  if (state.rank() > 2) {
    const Tensor next =
        step(reshape(gates_x, {-1, gates_x.size(-1)}), reshape(state, {-1, state.size(-1)}), keep);
    return reshape(next, state.shape());
  }
  if (config.cell == Cell::gru && config.reset == Reset::before) {
    return step_reset_before(*this, gates_x, state, keep);
  }
  const Tensor gates_h = linear(output(state), weight_hh, bias_hh);
  if (config.cell == Cell::gru) return gru_step(gates_x, gates_h, state, keep);
  if (config.cell == Cell::lstm) return lstm_step(gates_x + gates_h, state, keep);
  const Tensor inner = gates_x + gates_h;
  return keep_rows(config.nonlinearity == Nonlinearity::tanh ? tanh(inner) : relu(inner), state,
                   keep);
}

Tensor RecurrentCell::output(const Tensor& state) const {
  return config.cell == Cell::lstm ? slice(state, -1, 0, config.hidden) : state;
}

Tensor RecurrentCell::state_from(const Tensor& h) const {
  return config.cell == Cell::lstm ? cat({h, Tensor::zeros(h.shape(), h.dtype())}, -1) : h;
}

int64_t RecurrentCell::state_size() const {
  return config.cell == Cell::lstm ? 2 * config.hidden : config.hidden;
}

GRUCell::GRUCell(GRUCellConfig sizes)
    : RecurrentCell(
          {.cell = Cell::gru, .input = sizes.input, .hidden = sizes.hidden, .reset = sizes.reset}) {
}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& h) const { return step(project(x), h); }

LSTMCell::LSTMCell(LSTMCellConfig sizes)
    : RecurrentCell({.cell = Cell::lstm, .input = sizes.input, .hidden = sizes.hidden}) {}

LSTMState LSTMCell::operator()(const Tensor& x, const LSTMState& state) const {
  const int64_t n = config.hidden;
  require_shape("LSTMCell", "h", state.h, {x.size(0), n});
  require_shape("LSTMCell", "c", state.c, {x.size(0), n});
  const Tensor next = step(project(x), cat({state.h, state.c}, -1));
  return {slice(next, -1, 0, n), slice(next, -1, n, 2 * n)};
}

RNNCell::RNNCell(RNNCellConfig sizes)
    : RecurrentCell({.cell = Cell::rnn,
                     .input = sizes.input,
                     .hidden = sizes.hidden,
                     .nonlinearity = sizes.nonlinearity}) {}

Tensor RNNCell::operator()(const Tensor& x, const Tensor& h) const { return step(project(x), h); }

RecurrentLayers::RecurrentLayers(RecurrentLayersConfig sizes)
    : config(sizes), dropout(sizes.dropout) {
  positive(kind_of(sizes.cell).layer, "layers", sizes.layers);
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    const int64_t input = layer == 0 ? sizes.input : directions() * sizes.hidden;
    for (int64_t direction = 0; direction < directions(); ++direction) {
      cells.emplace_back(
          CellConfig{sizes.cell, input, sizes.hidden, sizes.reset, sizes.nonlinearity});
    }
  }
}

RecurrentResult RecurrentLayers::operator()(const Tensor& x, const Tensor& keep,
                                            const Tensor& first) const {
  check_sequence(*this, x, keep, first);
  Tensor keep_steps, padding;  // [S, B], [B, S, 1]
  if (keep.defined() && !keeps_all(keep)) {
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

GRU::GRU(GRUConfig sizes)
    : RecurrentLayers({.cell = Cell::gru,
                       .input = sizes.input,
                       .hidden = sizes.hidden,
                       .layers = sizes.layers,
                       .bidirectional = sizes.bidirectional,
                       .reset = sizes.reset,
                       .dropout = sizes.dropout}) {}

LSTM::LSTM(LSTMConfig sizes)
    : RecurrentLayers({.cell = Cell::lstm,
                       .input = sizes.input,
                       .hidden = sizes.hidden,
                       .layers = sizes.layers,
                       .bidirectional = sizes.bidirectional,
                       .dropout = sizes.dropout}) {}

RecurrentResult LSTM::operator()(const Tensor& x, const Tensor& keep,
                                 const LSTMState& first) const {
  if (!first.h.defined() && !first.c.defined()) return RecurrentLayers::operator()(x, keep);
  if (!first.h.defined() || !first.c.defined() || first.h.shape() != first.c.shape()) {
    throw ShapeError("LSTM: the first h and c come together and have one shape");
  }
  return RecurrentLayers::operator()(x, keep, cat({first.h, first.c}, -1));
}

RNN::RNN(RNNConfig sizes)
    : RecurrentLayers({.cell = Cell::rnn,
                       .input = sizes.input,
                       .hidden = sizes.hidden,
                       .layers = sizes.layers,
                       .bidirectional = sizes.bidirectional,
                       .nonlinearity = sizes.nonlinearity,
                       .dropout = sizes.dropout}) {}

}  // namespace heed
