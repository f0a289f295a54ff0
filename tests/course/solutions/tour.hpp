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
  return {"core/array.cpp", "Array::transpose"};
  // end
}

/// Chapter 2: a gradient written by hand, link by link, for the step of a GRU: through c, z and r
/// back to both products and to h.
inline Place goes_back_by_hand() {
  // blank: the links are a loop over numbers, and heed keeps its loops in a folder of core/
  return {"core/loops/gates.cpp", "backward"};
  // end
}

/// Chapter 3: the walk back: node after node gets its gradient and spreads it to its inputs.
inline Place walks_back() {
  // blank: the engine is one file of core/; the function that calls `apply` of each node
  return {"core/autograd.cpp", "Backward::run_nodes"};
  // end
}

/// Chapter 4: what was broadcast has its gradient summed.
inline Place sums_what_was_broadcast() {
  // blank: broadcasting is one of the views; in heed it is called as in PyTorch
  return {"core/views.cpp", "expand"};
  // end
}

/// Chapter 5: a product of two matrices is handed to BLAS.
inline Place calls_blas() {
  // blank: only one file of core/ knows the names that begin with cblas_
  return {"core/blas.cpp", "call_gemm"};
  // end
}

/// Chapter 6: the loss whose gradient is p - y, recorded as one operation.
inline Place records_the_cross_entropy() {
  // blank: among the losses; not the public function, but the one that it calls for rows of logits
  return {"core/losses.cpp", "cross_entropy_of_rows"};
  // end
}

/// Chapter 7: one number of one input is moved up and down, and put back.
inline Place takes_a_difference() {
  // blank: the checker has a file of its own in core/
  return {"core/gradcheck.cpp", "central_difference"};
  // end
}

/// Chapter 8: the loop of Adam over the numbers of a weight.
inline Place steps_by_adam() {
  // blank: not optim/, which calls it, but where heed keeps its loops
  return {"core/loops/updates.cpp", "adam"};
  // end
}

/// Chapter 9: a step of the GRU, written as its equations are: two sigmoids and a tanh.
inline Place steps_a_gru() {
  // blank: beside the fused step, among the functions of `composed`
  return {"layers/recurrent.cpp", "composed::gru_step"};
  // end
}

/// Chapter 10: the source becomes one vector c, the last states of both directions.
inline Place makes_one_vector() {
  // blank: the model has the chapter's name
  return {"models/encoder_decoder.cpp", "EncoderDecoder::encode"};
  // end
}

/// Chapter 11: the scores v . tanh(query + key), written with elementary operations.
inline Place scores_by_addition() {
  // blank: among the scores of layers/, again a twin of `composed`
  return {"layers/scores.cpp", "composed::additive_scores"};
  // end
}

/// Chapter 12: scores and a mask become weights, and weights a context.
inline Place attends_to_annotations() {
  // blank: the function that multiplies the weights by the annotations
  return {"layers/attention.cpp", "attend"};
  // end
}

/// Chapter 13: [B, T, H K] becomes [B, H, T, K], a view.
inline Place splits_heads() {
  // blank: as you called it yourself
  return {"layers/multi_head_attention.cpp", "split_heads"};
  // end
}

/// Chapter 14: LayerNorm(x + Sublayer(x)).
inline Place adds_and_norms() {
  // blank: the head of the model's file is a table of the paper's sections
  return {"models/transformer.cpp", "add_and_norm"};
  // end
}

/// Chapter 15: of all continuations some end, and some are the new open ones.
inline Place goes_on_with_a_beam() {
  // blank: your `advance`, for one sentence of many
  return {"models/search/search.cpp", "Search::extend"};
  // end
}

/// Chapter 16: the weights of every attention on the way through a Transformer, with their names.
inline Place hands_out_weights() {
  // blank: models/transformer.hpp declares it; it stands beside the model's search
  return {"models/transformer_decoder.cpp", "Transformer::attention_weights"};
  // end
}

/// Chapter 17: a tile of scores becomes exponentials, and the sums so far are multiplied by a
/// factor where a larger score has appeared.
inline Place fits_sums_to_a_new_largest() {
  // blank: your `add`, in a folder of loops
  return {"core/loops/attention.cpp", "weigh"};
  // end
}

}  // namespace course
