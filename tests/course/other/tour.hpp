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
  // blank: core/array.hpp declares it; which file and function do it?
  Place place;
  place.file = "core/array.cpp";
  place.function = "transpose";
  return place;
  // end
}

/// Chapter 2: a gradient written by hand, link by link, for the step of a GRU: through c, z and r
/// back to both products and to h.
inline Place goes_back_by_hand() {
  // blank: the links are a loop over numbers, and heed keeps its loops in a folder of core/
  Place place;
  place.file = "core/loops/gates.cpp";
  place.function = "backward";
  return place;
  // end
}

/// Chapter 3: the walk back: node after node gets its gradient and spreads it to its inputs.
inline Place walks_back() {
  // blank: the engine is one file of core/; the function that calls `apply` of each node
  Place place;
  place.file = "core/autograd.cpp";
  place.function = "run_nodes";
  return place;
  // end
}

/// Chapter 4: what was broadcast has its gradient summed.
inline Place sums_what_was_broadcast() {
  // blank: broadcasting is one of the views; in heed it is called as in PyTorch
  Place place;
  place.file = "core/views.cpp";
  place.function = "expand";
  return place;
  // end
}

/// Chapter 5: a product of two matrices is handed to BLAS.
inline Place calls_blas() {
  // blank: only one file of core/ knows the names that begin with cblas_
  Place place;
  place.file = "core/blas.cpp";
  place.function = "call_gemm";
  return place;
  // end
}

/// Chapter 6: the loss whose gradient is p - y, recorded as one operation.
inline Place records_the_cross_entropy() {
  // blank: among the losses; not the public function, but the one that it calls for rows of logits
  Place place;
  place.file = "core/losses.cpp";
  place.function = "cross_entropy_of_rows";
  return place;
  // end
}

/// Chapter 7: one number of one input is moved up and down, and put back.
inline Place takes_a_difference() {
  // blank: the checker has a file of its own in core/
  Place place;
  place.file = "core/gradcheck.cpp";
  place.function = "central_difference";
  return place;
  // end
}

/// Chapter 8: the loop of Adam over the numbers of a weight.
inline Place steps_by_adam() {
  // blank: not optim/, which calls it, but where heed keeps its loops
  Place place;
  place.file = "core/loops/updates.cpp";
  place.function = "adam";
  return place;
  // end
}

/// Chapter 9: a step of the GRU, written as its equations are: two sigmoids and a tanh.
inline Place steps_a_gru() {
  // blank: beside the fused step, among the functions of `composed`
  Place place;
  place.file = "layers/recurrent.cpp";
  place.function = "gru_step";
  return place;
  // end
}

/// Chapter 10: the source becomes one vector c, the last states of both directions.
inline Place makes_one_vector() {
  // blank: the model has the chapter's name
  Place place;
  place.file = "models/encoder_decoder.cpp";
  place.function = "encode";
  return place;
  // end
}

/// Chapter 11: the scores v . tanh(query + key), written with elementary operations.
inline Place scores_by_addition() {
  // blank: among the scores of layers/, again a twin of `composed`
  Place place;
  place.file = "layers/scores.cpp";
  place.function = "additive_scores";
  return place;
  // end
}

/// Chapter 12: scores and a mask become weights, and weights a context.
inline Place attends_to_annotations() {
  // blank: the function that multiplies the weights by the annotations
  Place place;
  place.file = "layers/attention.cpp";
  place.function = "attend";
  return place;
  // end
}

/// Chapter 13: [B, T, H K] becomes [B, H, T, K], a view.
inline Place splits_heads() {
  // blank: as you called it yourself
  Place place;
  place.file = "layers/multi_head_attention.cpp";
  place.function = "split_heads";
  return place;
  // end
}

/// Chapter 14: LayerNorm(x + Sublayer(x)).
inline Place adds_and_norms() {
  // blank: the head of the model's file is a table of the paper's sections
  Place place;
  place.file = "models/transformer.cpp";
  place.function = "add_and_norm";
  return place;
  // end
}

/// Chapter 15: of all continuations some end, and some are the new open ones.
inline Place goes_on_with_a_beam() {
  // blank: your `advance`, for one sentence of many
  Place place;
  place.file = "models/search/search.cpp";
  place.function = "extend";
  return place;
  // end
}

/// Chapter 16: the weights of every attention on the way through a Transformer, with their names.
inline Place hands_out_weights() {
  // blank: models/transformer.hpp declares it; it stands beside the model's search
  Place place;
  place.file = "models/transformer_decoder.cpp";
  place.function = "attention_weights";
  return place;
  // end
}

/// Chapter 17: a tile of scores becomes exponentials, and the sums so far are multiplied by a
/// factor where a larger score has appeared.
inline Place fits_sums_to_a_new_largest() {
  // blank: your `add`, in a folder of loops
  Place place;
  place.file = "core/loops/attention.cpp";
  place.function = "weigh";
  return place;
  // end
}

}  // namespace course
