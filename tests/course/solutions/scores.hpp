#pragma once

#include "attention.hpp"

/// Chapter 12: where a query may look, and other ways to say how well a word fits it.
namespace course {

/// What is added to scores so that only what is kept can be looked at: 0 where `keep` is 1,
/// -infinity where it is 0.
inline Array additive_mask(const Array& keep) {
  // blank: a number for each number: exp(-infinity) is 0
  return map(keep, [](double kept) { return kept ? 0 : -std::numeric_limits<double>::infinity(); });
  // end
}

/// softmax(scores) along the last axis over what is kept alone; the rest has weight 0, and a row
/// that keeps nothing is all zeros. keep: 1 or 0, of a shape that broadcasts to that of scores.
inline Tensor masked_softmax(const Tensor& scores, const Array& keep) {
  // blank: mask the scores, before the exponentials are divided by their sum
  return softmax(scores + constant(additive_mask(keep)));
  // end
}

/// The annotations of sentences with padding: no state finds anything behind a sentence's end.
/// keep: [B, S].
inline Memory hide_padding(const Memory& memory, const Array& keep) {
  // blank: the same memory with its mask, which `soft_search` adds to the scores
  Memory masked = memory;
  masked.mask = constant(additive_mask(keep));
  return masked;
  // end
}

// T queries at once: s [B, T, n] and annotations h [B, S, n] or [B, S, C] -> e [B, T, S].

/// e_ij = s_i . h_j. Luong et al. 2015, section 3.1, "dot".
inline Tensor dot_scores(const Tensor& s, const Tensor& h) {
  // blank: all T S products of a sentence are one matrix product
  return matmul(s, transpose(h, 1, 2));
  // end
}

/// e_ij = s_i . h_j / sqrt(n). Vaswani et al. 2017, section 3.2.1.
inline Tensor scaled_dot_scores(const Tensor& s, const Tensor& h) {
  // blank: n is how many numbers a query has
  return scale(dot_scores(s, h), 1 / std::sqrt(static_cast<double>(s.shape()[2])));
  // end
}

/// e_ij = s_i^T W h_j, W [n, C]. Luong et al. 2015, section 3.1, "general".
inline Tensor general_scores(const Tensor& s, const Tensor& h, const Tensor& weight) {
  // blank: W h_j is a `linear`, and has n numbers
  return dot_scores(s, linear(h, weight));
  // end
}

/// e_ij = v^T tanh(W [s_i; h_j]), W [A, n + C], v [1, A]. Luong et al. 2015, section 3.1, "concat".
inline Tensor concat_scores(const Tensor& s, const Tensor& h, const Tensor& weight,
                            const Tensor& v) {
  // blank: W [s; h] is W's first n columns times s and the others times h: no [s; h] is made
  const int64_t B = s.shape()[0], T = s.shape()[1], n = s.shape()[2];
  const int64_t S = h.shape()[1], A = weight.shape()[0], all = weight.shape()[1];
  const Tensor query = linear(s, slice(weight, 1, 0, n));   // [B, T, A]
  const Tensor keys = linear(h, slice(weight, 1, n, all));  // [B, S, A]
  const Tensor inner = tanh(reshape(query, {B, T, 1, A}) + reshape(keys, {B, 1, S, A}));
  return reshape(linear(inner, v), {B, T, S});
  // end
}

}  // namespace course
