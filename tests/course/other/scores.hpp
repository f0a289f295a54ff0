#pragma once

#include "attention.hpp"

/// Chapter 12: where a query may look, and other ways to say how well a word fits it.
namespace course {

/// What is added to scores so that only what is kept can be looked at: 0 where `keep` is 1,
/// -infinity where it is 0.
inline Array additive_mask(const Array& keep) {
  // blank: a number for each number: exp(-infinity) is 0
  Array mask = copy(keep);
  for (double& number : *mask.data) number = std::log(number);
  return mask;
  // end
}

/// softmax(scores) along the last axis over what is kept alone; the rest has weight 0, and a row
/// that keeps nothing is all zeros. keep: 1 or 0, of a shape that broadcasts to that of scores.
inline Tensor masked_softmax(const Tensor& scores, const Array& keep) {
  // blank: mask the scores, before the exponentials are divided by their sum
  // Hidden scores are replaced before the softmax; their gradient ends in the product with 0.
  const Shape shape = scores.shape();
  const Array kept = copy(broadcast_to(keep, shape));
  const Array mask = map(kept, [](double one) { return one ? 0 : -INFINITY; });
  return softmax(scores * constant(kept) + constant(mask));
  // end
}

/// The annotations of sentences with padding: no state finds anything behind a sentence's end.
/// keep: [B, S].
inline Memory hide_padding(const Memory& memory, const Array& keep) {
  // blank: the same memory with its mask, which `soft_search` adds to the scores
  return {memory.h, memory.keys, memory.s_0, constant(additive_mask(keep))};
  // end
}

// T queries at once: s [B, T, n] and annotations h [B, S, n] or [B, S, C] -> e [B, T, S].

/// e_ij = s_i . h_j. Luong et al. 2015, section 3.1, "dot".
inline Tensor dot_scores(const Tensor& s, const Tensor& h) {
  // blank: all T S products of a sentence are one matrix product
  return transpose(matmul(h, transpose(s, 1, 2)), 1, 2);
  // end
}

/// e_ij = s_i . h_j / sqrt(n). Vaswani et al. 2017, section 3.2.1.
inline Tensor scaled_dot_scores(const Tensor& s, const Tensor& h) {
  // blank: n is how many numbers a query has
  const double n = static_cast<double>(s.shape().back());
  return dot_scores(scale(s, 1 / std::sqrt(n)), h);
  // end
}

/// e_ij = s_i^T W h_j, W [n, C]. Luong et al. 2015, section 3.1, "general".
inline Tensor general_scores(const Tensor& s, const Tensor& h, const Tensor& weight) {
  // blank: W h_j is a `linear`, and has n numbers
  const Tensor asked = linear(s, transpose(weight, 0, 1));  // W^T s: [B, T, C]
  return reshape(dot_scores(asked, h), {s.shape()[0], s.shape()[1], h.shape()[1]});
  // end
}

/// e_ij = v^T tanh(W [s_i; h_j]), W [A, n + C], v [1, A]. Luong et al. 2015, section 3.1, "concat".
inline Tensor concat_scores(const Tensor& s, const Tensor& h, const Tensor& weight,
                            const Tensor& v) {
  // blank: W [s; h] is W's first n columns times s and the others times h: no [s; h] is made
  // The pairs themselves: every query beside every annotation.
  const int64_t B = s.shape()[0], T = s.shape()[1], S = h.shape()[1];
  const int64_t n = s.shape()[2], C = h.shape()[2];
  const Tensor queries = broadcast_to(reshape(s, {B, T, 1, n}), {B, T, S, n});
  const Tensor words = broadcast_to(reshape(h, {B, 1, S, C}), {B, T, S, C});
  return reshape(linear(tanh(linear(cat({queries, words}, 3), weight)), v), {B, T, S});
  // end
}

}  // namespace course
