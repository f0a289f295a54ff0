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
  // S is the length of the longest; words come first, padding behind them
  BLANK;
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
  // a third of the last axis
  BLANK;
}

/// One step. gates_x = W x + b and gates_h = U h + b', both [B, 3n]; h [B, n] -> h' [B, n]:
///   r = sigmoid(x_r + h_r),   z = sigmoid(x_z + h_z),
///   c = tanh(x_c + r h_c),    h' = (1 - z) c + z h.
/// Cho et al. 2014, section 2.3, with the reset gate after the product, as in PyTorch.
inline Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h) {
  // the four equations; 1 can be constant(full(...)), or write h' as c + z (h - c)
  BLANK;
}

/// The rows of `fresh` [B, n] where keep [B, 1] is 1, those of `old` where it is 0.
inline Tensor keep_rows(const Tensor& fresh, const Tensor& old, const Array& keep) {
  // keep broadcasts along the row; 1 - keep chooses the others
  BLANK;
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
  // W x + b of all words is one `linear`; then a step for each word, and `stack`
  BLANK;
}

}  // namespace course
