#pragma once

#include <string>

#include "blank.hpp"

/// Chapter 18: where heed does what you have built. Each answer is a file and the name of a
/// function in it, of those that do the thing and not of one that calls them.
namespace course {

// [place]
/// Where something happens in heed's own source.
struct Place {
  std::string file;      ///< from the root of the tree on: "core/array.cpp"
  std::string function;  ///< its name without brackets: "reshape" or "Array::reshape"
};
// [/place]

/// Chapter 1: the two axes of an array change places, in sizes and in strides; no number moves.
inline Place transposes_a_view() {
  // core/array.hpp declares it; which file and function do it?
  BLANK;
}

/// Chapter 2: a gradient written by hand, link by link, for the step of a GRU: through c, z and r
/// back to both products and to h.
inline Place goes_back_by_hand() {
  // the links are a loop over numbers, and heed keeps its loops in a folder of core/
  BLANK;
}

/// Chapter 3: the walk back: node after node gets its gradient and spreads it to its inputs.
inline Place walks_back() {
  // the engine is one file of core/; the function that calls `apply` of each node
  BLANK;
}

/// Chapter 4: what was broadcast has its gradient summed.
inline Place sums_what_was_broadcast() {
  // broadcasting is one of the views; in heed it is called as in PyTorch
  BLANK;
}

/// Chapter 5: a product of two matrices is handed to BLAS.
inline Place calls_blas() {
  // only one file of core/ knows the names that begin with cblas_
  BLANK;
}

/// Chapter 6: the loss whose gradient is p - y, recorded as one operation.
inline Place records_the_cross_entropy() {
  // among the losses; not the public function, but the one that it calls for rows of logits
  BLANK;
}

/// Chapter 7: one number of one input is moved up and down, and put back.
inline Place takes_a_difference() {
  // the checker has a file of its own in core/
  BLANK;
}

/// Chapter 8: the loop of Adam over the numbers of a weight.
inline Place steps_by_adam() {
  // not optim/, which calls it, but where heed keeps its loops
  BLANK;
}

/// Chapter 9: a step of the GRU, written as its equations are: two sigmoids and a tanh.
inline Place steps_a_gru() {
  // beside the fused step, among the functions of `composed`
  BLANK;
}

/// Chapter 10: the source becomes one vector c, the last states of both directions.
inline Place makes_one_vector() {
  // the model has the chapter's name
  BLANK;
}

/// Chapter 11: the scores v . tanh(query + key), written with elementary operations.
inline Place scores_by_addition() {
  // among the scores of layers/, again a twin of `composed`
  BLANK;
}

/// Chapter 12: scores and a mask become weights, and weights a context.
inline Place attends_to_annotations() {
  // the function that multiplies the weights by the annotations
  BLANK;
}

/// Chapter 13: [B, T, H K] becomes [B, H, T, K], a view.
inline Place splits_heads() {
  // as you called it yourself
  BLANK;
}

/// Chapter 14: LayerNorm(x + Sublayer(x)).
inline Place adds_and_norms() {
  // the head of the model's file is a table of the paper's sections
  BLANK;
}

/// Chapter 15: of all continuations some end, and some are the new open ones.
inline Place goes_on_with_a_beam() {
  // your `advance`, for one sentence of many
  BLANK;
}

/// Chapter 16: the weights of every attention on the way through a Transformer, with their names.
inline Place hands_out_weights() {
  // models/transformer.hpp declares it; it stands beside the model's search
  BLANK;
}

/// Chapter 17: a tile of scores becomes exponentials, and the sums so far are multiplied by a
/// factor where a larger score has appeared.
inline Place fits_sums_to_a_new_largest() {
  // your `add`, in a folder of loops
  BLANK;
}

}  // namespace course
