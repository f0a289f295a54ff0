// A gated recurrent unit over whole sequences.
#include <algorithm>

#include "../core/kernels/kernels.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"
#include "recurrent.hpp"

namespace heed {

namespace {

constexpr const char* name = "gru_sequence";

/// The steps of a sequence in one direction. Its states, [S + 1, B, n], stand in the order of the
/// words, the first before them all or, backward, behind; those of a step are one matrix.
struct Steps {
  int64_t B, S, n;
  bool backward;

  /// The word that is read in step i.
  int64_t word(int64_t i) const { return backward ? S - 1 - i : i; }
  Array before(const Array& states, int64_t t) const { return states.select(0, t + backward); }
  Array after(const Array& states, int64_t t) const { return states.select(0, t + !backward); }
  Array all_before(const Array& states) const { return states.slice(0, backward, S + backward); }
  Array all_after(const Array& states) const { return states.slice(0, !backward, S + !backward); }
};

Array at(const Array& keep, int64_t t) { return keep.defined() ? keep.select(0, t) : keep; }

/// The bias for each row, zeros without one.
Array repeated(const Array& bias, const Shape& shape, DType dtype) {
  return bias.defined() ? bias.expand(shape).contiguous() : Array::zeros(shape, dtype);
}

Steps checked(const Tensor& gates_x, const Tensor& weight, const Tensor& bias,
              const SequenceOptions& options) {
  if (gates_x.rank() != 3 || gates_x.size(1) == 0 || weight.rank() != 2) {
    throw ShapeError("gru_sequence: gates_x is " + to_string(gates_x.shape()) + ", the weight " +
                     to_string(weight.shape()) +
                     ", expected [batch, words, 3 hidden] with at least one word, and [3 hidden, "
                     "hidden]");
  }
  const int64_t B = gates_x.size(0), S = gates_x.size(1), n = weight.size(1);
  require_shape(name, "gates_x", gates_x, {B, S, 3 * n});
  require_shape(name, "the weight", weight, {3 * n, n});
  if (bias.defined()) require_shape(name, "the bias", bias, {3 * n});
  if (options.first.defined()) require_shape(name, "the first state", options.first, {B, n});
  if (options.keep.defined()) require_mask(name, options.keep, {S, B});
  for (const Tensor* x : {&weight, &bias, &options.first}) {
    if (!x->defined() || x->dtype() == gates_x.dtype()) continue;
    throw TypeError(std::string("gru_sequence: gates_x is ") + to_string(gates_x.dtype()) +
                    ", another operand " + to_string(x->dtype()) + "; give all one element type");
  }
  return {B, S, n, options.backward};
}

/// dL/d(U h + b') of some steps after each other, of which the gradients of U and b' are made: no
/// more of them at a time than make a product that is not thin.
class StateGates {
 public:
  StateGates(const Steps& steps, const Array& states, bool wants_weight, bool wants_bias)
      : s_(steps), states_(states), wants_weight_(wants_weight), wants_bias_(wants_bias) {
    constexpr int64_t rows = 1024;
    most_ = std::min(s_.S, std::max<int64_t>(1, rows / std::max<int64_t>(s_.B, 1)));
    all_ = Array::empty({most_, s_.B, 3 * s_.n}, states.dtype());
  }

  /// [B, 3n], to be filled for the word t, a neighbour of the last call's.
  Array at(int64_t t) {
    if (count_ == most_) add();
    first_ = count_ == 0 ? t : std::min(first_, t);
    // Steps come last first: words that were read backward fill it from the front, others from the
    // end, so that they stand in the order of the words.
    return all_.select(0, s_.backward ? count_++ : most_ - 1 - count_++);
  }

  /// Adds what those that wait are worth, and begins anew.
  void add() {
    const int64_t begin = s_.backward ? 0 : most_ - count_, rows = count_ * s_.B;
    const Array gates = all_.slice(0, begin, begin + count_).reshape({rows, 3 * s_.n});
    if (wants_weight_) {
      const Array h = s_.all_before(states_).slice(0, first_, first_ + count_);
      kernels::add_matmul(weight, gates.transpose(0, 1), h.reshape({rows, s_.n}));
    }
    if (wants_bias_) {
      kernels::add_into(zeros_into(bias, {3 * s_.n}, gates.dtype()),
                        kernels::sum(gates, {0}, false));
    }
    count_ = 0;
  }

  Array weight, bias;  // their gradients, where they are wanted

 private:
  const Steps s_;
  const Array states_;
  const bool wants_weight_, wants_bias_;
  Array all_;
  int64_t most_ = 1, count_ = 0, first_ = 0;
};

void sequence_backward(const Steps& s, const Array& g, const Array& states, const Array& keep,
                       const Array& gates, const Array& weight, Gradients& out) {
  const Array d_gates_x = Array::empty({s.B, s.S, 3 * s.n}, g.dtype());
  StateGates d_gates_h(s, states, out.wants(1), out.wants(2));
  Array d_after;  // from the later steps
  for (int64_t i = s.S - 1; i >= 0; --i) {
    const int64_t t = s.word(i);
    const Array d_result = g.select(1, t), d_step = d_gates_h.at(t);
    if (d_after.defined()) kernels::add_into(d_after, d_result);
    const Array d_before = Array::empty({s.B, s.n}, g.dtype());
    kernels::gru_gates_backward(d_after.defined() ? d_after : d_result, s.before(states, t),
                                at(keep, t), gates.select(0, t), d_gates_x.select(1, t), d_step,
                                d_before);
    if (i > 0 || out.wants(3)) kernels::matmul_into(d_before, d_step, weight, true);
    d_after = d_before;
  }
  d_gates_h.add();
  out.give(0, d_gates_x);
  out.give(1, d_gates_h.weight);
  out.give(2, d_gates_h.bias);
  out.give(3, d_after);
}

}  // namespace

Tensor gru_sequence(const Tensor& gates_x, const Tensor& weight, const Tensor& bias,
                    const SequenceOptions& options) {
  const Steps s = checked(gates_x, weight, bias, options);
  const Tensor& first = options.first;
  const bool recorded = grad_enabled() && (gates_x.requires_grad() || weight.requires_grad() ||
                                           bias.requires_grad() || first.requires_grad());
  const Array states = Array::empty({s.S + 1, s.B, s.n}, gates_x.dtype());
  const Array gates = Array::empty({recorded ? s.S : 1, s.B, 4 * s.n}, gates_x.dtype());
  const Array start = s.before(states, s.word(0));
  const Array keep = options.keep.defined() ? options.keep.array() : Array();
  const Array added = bias.defined() ? bias.array() : Array();
  if (first.defined()) {
    kernels::copy_into(start, first.array());
  } else {
    kernels::fill(start, 0);
  }
  for (int64_t i = 0; i < s.S; ++i) {
    const int64_t t = s.word(i);
    const Array h = s.before(states, t);
    const bool from_zeros = i == 0 && !first.defined();
    const Array gates_h = from_zeros ? repeated(added, {s.B, 3 * s.n}, h.dtype())
                                     : kernels::linear(h, weight.array(), added);
    kernels::gru_gates(gates_x.array().select(1, t), gates_h, h, at(keep, t), s.after(states, t),
                       gates.select(0, recorded ? t : 0));
  }
  return record(name, s.all_after(states).transpose(0, 1),
                joint({&gates_x, &weight, &bias, &first}, saved(states, keep, gates, weight),
                      [s](const Array& g, const Array& all, const Array& mask, const Array& kept,
                          const Array& matrix, Gradients& out) {
                        sequence_backward(s, g, all, mask, kept, matrix, out);
                      }));
}

Tensor composed::gru_sequence(const Tensor& gates_x, const Tensor& weight, const Tensor& bias,
                              const SequenceOptions& options) {
  const Steps s = checked(gates_x, weight, bias, options);
  Tensor h = options.first.defined() ? options.first : Tensor::zeros({s.B, s.n}, gates_x.dtype());
  std::vector<Tensor> states(static_cast<std::size_t>(s.S));
  for (int64_t i = 0; i < s.S; ++i) {
    const int64_t t = s.word(i);
    const Tensor keep = options.keep.defined() ? select(options.keep, 0, t) : Tensor();
    h = composed::gru_step(select(gates_x, 1, t), linear(h, weight, bias), h, keep);
    states[static_cast<std::size_t>(t)] = h;
  }
  return stack(states, 1);
}

}  // namespace heed
