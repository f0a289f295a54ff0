#include "recurrent.hpp"

#include "../core/kernels/kernels.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

struct CellKind {
  const char* name;
  int64_t gates;
};

CellKind kind_of(Cell cell) {
  switch (cell) {
    case Cell::gru:
      return {"GRUCell", 3};
    case Cell::lstm:
      return {"LSTMCell", 4};
    case Cell::rnn:
      break;
  }
  return {"RNNCell", 1};
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
  const auto product = [&](const Tensor& state, int64_t begin, int64_t end) {
    const Tensor& bias = cell.bias_hh;
    return linear(state, slice(cell.weight_hh, 0, begin, end),
                  bias.defined() ? slice(bias, 0, begin, end) : bias);
  };
  const Tensor gates_h = product(h, 0, 2 * n);
  const Tensor gates = sigmoid(slice(gates_x, -1, 0, 2 * n) + gates_h);
  const Tensor r = slice(gates, -1, 0, n), z = slice(gates, -1, n, 2 * n);
  const Tensor candidate = tanh(gate(gates_x, 2) + product(r * h, 2 * n, 3 * n));
  return keep_rows(interpolate(z, candidate, h), h, keep);
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

/// What a cell remembers beside x [..., I]: the state given, [..., n], or zeros where none is.
Tensor state_or_zeros(const RecurrentCell& cell, const Tensor& x, const char* what,
                      const Tensor& state) {
  const char* name = kind_of(cell.config.cell).name;
  if (x.rank() == 0 || x.size(-1) != cell.config.input) {
    throw ShapeError(std::string(name) + ": x is " + to_string(x.shape()) +
                     ", expected [batch, features] with " + std::to_string(cell.config.input) +
                     " features");
  }
  Shape shape = x.shape();
  shape[x.rank() - 1] = cell.config.hidden;
  if (!state.defined()) return Tensor::zeros(shape, x.dtype());
  require_shape(name, what, state, shape);
  return state;
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
  const int64_t n = positive(kind.name, "hidden", sizes.hidden), rows = kind.gates * n;
  weight_ih = Parameter(init::empty({rows, positive(kind.name, "input", sizes.input)}));
  weight_hh = Parameter(init::empty({rows, n}));
  if (sizes.bias) {
    bias_ih = Parameter(init::empty({rows}));
    bias_hh = Parameter(init::empty({rows}));
  }
  for (const Parameter* weight : {&weight_ih, &weight_hh, &bias_ih, &bias_hh}) {
    if (weight->defined()) init::uniform_fan(*weight, n);
  }
}

Tensor RecurrentCell::project(const Tensor& x) const { return linear(x, weight_ih, bias_ih); }

Tensor RecurrentCell::step(const Tensor& gates_x, const Tensor& state, const Tensor& keep) const {
  if (state.rank() != 2) {
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

namespace {

/// The configuration of a kind of cell as that of any.
template <class Config>
CellConfig cell_of(Cell cell, const Config& sizes) {
  CellConfig config{.cell = cell, .input = sizes.input, .hidden = sizes.hidden};
  config.bias = sizes.bias;
  if constexpr (requires { sizes.reset; }) config.reset = sizes.reset;
  if constexpr (requires { sizes.nonlinearity; }) config.nonlinearity = sizes.nonlinearity;
  return config;
}

}  // namespace

GRUCell::GRUCell(GRUCellConfig sizes) : RecurrentCell(cell_of(Cell::gru, sizes)) {}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& h) const {
  const Tensor previous = state_or_zeros(*this, x, "h", h);
  return step(project(x), previous);
}

LSTMCell::LSTMCell(LSTMCellConfig sizes) : RecurrentCell(cell_of(Cell::lstm, sizes)) {}

LSTMState LSTMCell::operator()(const Tensor& x, const LSTMState& state) const {
  if (state.h.defined() != state.c.defined()) {
    throw ShapeError("LSTMCell: h and c come together, or neither for zeros");
  }
  const Tensor h = state_or_zeros(*this, x, "h", state.h);
  const Tensor c = state_or_zeros(*this, x, "c", state.c);
  const int64_t n = config.hidden;
  const Tensor next = step(project(x), cat({h, c}, -1));
  return {slice(next, -1, 0, n), slice(next, -1, n, 2 * n)};
}

RNNCell::RNNCell(RNNCellConfig sizes) : RecurrentCell(cell_of(Cell::rnn, sizes)) {}

Tensor RNNCell::operator()(const Tensor& x, const Tensor& h) const {
  const Tensor previous = state_or_zeros(*this, x, "h", h);
  return step(project(x), previous);
}

}  // namespace heed
