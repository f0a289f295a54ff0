#pragma once

#include "training.hpp"

/// Chapter 9: a memory that learns what to keep.
namespace course {

// [sentences]
/// B sentences of at most S words: ids row after row, and keep [B, S], 1 for a word and 0 for the
/// padding behind a shorter sentence.
struct Sentences {
  int64_t B = 0, S = 0;
  std::vector<int64_t> ids;
  Array keep;
};
// [/sentences]

/// Sentences of different lengths in one table; the words that are missing have id 0.
inline Sentences padded(const std::vector<std::vector<int64_t>>& sentences) {
  // blank: S is the length of the longest; words come first, padding behind them
  Sentences table;
  table.B = static_cast<int64_t>(sentences.size());
  for (const auto& words : sentences) {
    table.S = std::max(table.S, static_cast<int64_t>(words.size()));
  }
  table.ids.assign(table.B * table.S, 0);
  table.keep = zeros({table.B, table.S});
  for (int64_t b = 0; b < table.B; ++b) {
    for (std::size_t t = 0; t < sentences[b].size(); ++t) {
      table.ids[b * table.S + t] = sentences[b][t];
      numbers(table.keep)[b * table.S + t] = 1;
    }
  }
  return table;
  // end
}

// [gru]
/// A gated recurrent unit for inputs of I numbers and a state of n numbers. Each weight has three
/// blocks of n rows: for the reset gate r, the update gate z and the candidate c. Names and layout
/// are PyTorch's.
struct GRU {
  Tensor weight_ih;  // W, [3n, I]
  Tensor weight_hh;  // U, [3n, n]
  Tensor bias_ih;    // b, [3n]
  Tensor bias_hh;    // b', [3n]
};
// [/gru]

/// Block k, from 0, of the three in gates [..., 3n]: [..., n].
inline Tensor gate(const Tensor& gates, int64_t k) {
  // blank: a third of the last axis
  const int64_t axis = static_cast<int64_t>(gates.shape().size()) - 1;
  const int64_t n = gates.shape()[axis] / 3;
  return slice(gates, axis, k * n, (k + 1) * n);
  // end
}

/// One step. gates_x = W x + b and gates_h = U h + b', both [B, 3n]; h [B, n] -> h' [B, n]:
///   r = sigmoid(x_r + h_r),   z = sigmoid(x_z + h_z),
///   c = tanh(x_c + r h_c),    h' = (1 - z) c + z h.
/// Cho et al. 2014, section 2.3, with the reset gate after the product, as in PyTorch.
inline Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h) {
  // blank: the four equations; 1 can be constant(full(...)), or write h' as c + z (h - c)
  const Tensor r = sigmoid(gate(gates_x, 0) + gate(gates_h, 0));
  const Tensor z = sigmoid(gate(gates_x, 1) + gate(gates_h, 1));
  const Tensor c = tanh(gate(gates_x, 2) + r * gate(gates_h, 2));
  return c + z * (h - c);
  // end
}

/// The rows of `fresh` [B, n] where keep [B, 1] is 1, those of `old` where it is 0.
inline Tensor keep_rows(const Tensor& fresh, const Tensor& old, const Array& keep) {
  // blank: keep broadcasts along the row; 1 - keep chooses the others
  const Array others = map(keep, [](double kept) { return 1 - kept; });
  return constant(keep) * fresh + constant(others) * old;
  // end
}

// [select]
/// Number i along an axis, which is gone from the shape.
inline Tensor select(const Tensor& x, int64_t axis, int64_t i) {
  Shape shape = x.shape();
  shape.erase(shape.begin() + axis);
  return reshape(slice(x, axis, i, i + 1), shape);
}
// [/select]

/// The state after each word. x [B, S, I], the state before all words `first` [B, n], keep [B, S]
/// -> [B, S, n]. Where a sentence has no word its state stays as it is. `backward`: reads from the
/// last word to the first; the state of word t is still number t.
inline Tensor gru_sequence(const GRU& gru, const Tensor& x, const Tensor& first, const Array& keep,
                           bool backward = false) {
  // blank: W x + b of all words is one `linear`; then a step for each word, and `stack`
  const Tensor gates_x = linear(x, gru.weight_ih, gru.bias_ih);  // [B, S, 3n]
  const int64_t S = x.shape()[1];
  std::vector<Tensor> states(S);
  Tensor h = first;
  for (int64_t i = 0; i < S; ++i) {
    const int64_t t = backward ? S - 1 - i : i;
    const Tensor gates_h = linear(h, gru.weight_hh, gru.bias_hh);  // [B, 3n]
    const Tensor fresh = gru_step(select(gates_x, 1, t), gates_h, h);
    states[t] = h = keep_rows(fresh, h, slice(keep, 1, t, t + 1));
  }
  return stack(states, 1);
  // end
}

}  // namespace course
