#include <heed/layers/recurrent.hpp>

#include <heed/core/kernels/kernels.hpp>
#include <heed/core/operations.hpp>
#include <heed/core/record.hpp>
#include <heed/layers/check.hpp>
#include <heed/layers/initializers.hpp>

namespace heed {

namespace {

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

/// The rows that are not kept keep their h.
Tensor keep_rows(const Tensor& fresh, const Tensor& h, const Tensor& keep) {
  return keep.defined() ? where(unsqueeze(keep, 1), fresh, h) : fresh;
}

/// Gate number `k` (0 r, 1 z, 2 n) of gates [B, 3n].
Tensor gate(const Tensor& gates, int64_t k) {
  const int64_t n = gates.size(-1) / 3;
  return slice(gates, -1, k * n, (k + 1) * n);
}

/// (1 - z) c + z h.
Tensor interpolate(const Tensor& z, const Tensor& c, const Tensor& h) { return c + z * (h - c); }

/// A step with the reset gate before the product: c = tanh(x_n + U_n (r h) + b'_n).
Tensor step_reset_before(const GRUCell& cell, const Tensor& gates_x, const Tensor& h,
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
/// x: [B, S, I], keep_steps: [S, B] or undefined, h: [B, n] -> the S states in the order of the
/// words.
std::vector<Tensor> run(const GRUCell& cell, const Tensor& x, const Tensor& keep_steps, Tensor h,
                        bool backward) {
  const int64_t S = x.size(1);
  const Tensor gates_x = cell.project(x);  // [B, S, 3n]
  std::vector<Tensor> states(static_cast<std::size_t>(S));
  for (int64_t i = 0; i < S; ++i) {
    const int64_t t = backward ? S - 1 - i : i;
    // Padding stands at the end: backward, the state stays h until the last real word.
    const Tensor keep = keep_steps.defined() ? select(keep_steps, 0, t) : Tensor();
    h = cell.step(select(gates_x, 1, t), h, keep);
    states[static_cast<std::size_t>(t)] = h;
  }
  return states;
}

void gru_step_backward(const Array& g, const Array& gates_h, const Array& h, const Array& keep,
                       const Array& gates, Gradients& out) {
  Array d_gates_x, d_gates_h, d_h;
  kernels::gru_gates_backward(g, gates_h, h, keep, gates, d_gates_x, d_gates_h, d_h);
  out.give(0, d_gates_x);
  out.give(1, d_gates_h);
  out.give(2, d_h);
}

void check_sequence(const GRU& gru, const Tensor& x, const Tensor& keep, const Tensor& h0) {
  if (x.rank() != 3 || x.size(1) == 0) {
    throw ShapeError("GRU: x is " + to_string(x.shape()) +
                     ", expected [batch, words, features] with at least one word");
  }
  const int64_t B = x.size(0), S = x.size(1);
  require_shape("GRU", "x", x, {B, S, gru.config.input});
  if (keep.defined()) require_mask("GRU", keep, {B, S});
  if (!h0.defined()) return;
  require_shape("GRU", "h0", h0, {static_cast<int64_t>(gru.cells.size()), B, gru.config.hidden});
}

std::string suffix(int64_t layer, bool backward) {
  return "_l" + std::to_string(layer) + (backward ? "_reverse" : "");
}

}  // namespace

Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h, const Tensor& keep) {
  check_step(gates_x, gates_h, h, keep);
  const Array mask = keep.defined() ? keep.array() : Array();
  Array gates;  // [B, 3n]: r, z, c
  Array y = kernels::gru_gates(gates_x.array(), gates_h.array(), h.array(), mask, gates);
  return record("gru_step", y,
                joint({&gates_x, &gates_h, &h}, saved(gates_h, h, mask, gates), gru_step_backward));
}

Tensor composed::gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                          const Tensor& keep) {
  check_step(gates_x, gates_h, h, keep);
  const Tensor r = sigmoid(gate(gates_x, 0) + gate(gates_h, 0));
  const Tensor z = sigmoid(gate(gates_x, 1) + gate(gates_h, 1));
  const Tensor c = tanh(gate(gates_x, 2) + r * gate(gates_h, 2));
  return keep_rows(interpolate(z, c, h), h, keep);
}

GRUCell::GRUCell(GRUCellConfig sizes)
    : config(sizes),
      weight_ih(Tensor::empty({3 * positive("GRUCell", "hidden", sizes.hidden),
                               positive("GRUCell", "input", sizes.input)})),
      weight_hh(Tensor::empty({3 * sizes.hidden, sizes.hidden})),
      bias_ih(Tensor::empty({3 * sizes.hidden})),
      bias_hh(Tensor::empty({3 * sizes.hidden})) {
  for (const Parameter* weight : {&weight_ih, &weight_hh, &bias_ih, &bias_hh}) {
    init::uniform_fan(*weight, sizes.hidden);
  }
}

Tensor GRUCell::project(const Tensor& x) const { return linear(x, weight_ih, bias_ih); }

Tensor GRUCell::operator()(const Tensor& x, const Tensor& h) const { return step(project(x), h); }

Tensor GRUCell::step(const Tensor& gates_x, const Tensor& h, const Tensor& keep) const {
  if (config.reset == Reset::before) return step_reset_before(*this, gates_x, h, keep);
  return gru_step(gates_x, linear(h, weight_hh, bias_hh), h, keep);
}

GRU::GRU(GRUConfig sizes) : config(sizes), dropout(sizes.dropout) {
  positive("GRU", "layers", sizes.layers);
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    const int64_t input = layer == 0 ? sizes.input : directions() * sizes.hidden;
    for (int64_t direction = 0; direction < directions(); ++direction) {
      cells.emplace_back(GRUCellConfig{input, sizes.hidden, sizes.reset});
    }
  }
}

GRUResult GRU::operator()(const Tensor& x, const Tensor& keep, const Tensor& h0) const {
  check_sequence(*this, x, keep, h0);
  Tensor keep_steps, padding;  // [S, B], [B, S, 1]
  if (keep.defined()) {
    keep_steps = Tensor(keep.array().transpose(0, 1).contiguous());
    padding = unsqueeze(logical_not(keep), 2);
  }
  const Tensor zeros = Tensor::zeros({x.size(0), config.hidden}, x.dtype());

  GRUResult result{x, {}};
  std::vector<Tensor> last;
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const Tensor below = layer == 0 ? x : dropout(result.output);
    std::vector<Tensor> outputs;
    for (int64_t direction = 0; direction < directions(); ++direction) {
      const int64_t k = layer * directions() + direction;
      const bool backward = direction == 1;
      const std::vector<Tensor> states = run(cells[static_cast<std::size_t>(k)], below, keep_steps,
                                             h0.defined() ? select(h0, 0, k) : zeros, backward);
      last.push_back(backward ? states.front() : states.back());
      outputs.push_back(stack(states, 1));
    }
    result.output = outputs.size() == 1 ? outputs[0] : cat(outputs, -1);  // [B, S, directions n]
    if (padding.defined()) result.output = masked_fill(result.output, padding, 0);
  }
  result.last = stack(last, 0);
  return result;
}

void GRU::members(Members& m) {
  for (std::size_t k = 0; k < cells.size(); ++k) {
    GRUCell& cell = cells[k];
    const auto index = static_cast<int64_t>(k);
    const std::string end = suffix(index / directions(), index % directions() == 1);
    m("weight_ih" + end, cell.weight_ih)("weight_hh" + end, cell.weight_hh);
    m("bias_ih" + end, cell.bias_ih)("bias_hh" + end, cell.bias_hh);
  }
  m("dropout", dropout);
}

}  // namespace heed
