#pragma once

#include "training.hpp"

/// Chapter 12: where a query may look, and other ways to say how well a word fits it.
namespace course {

/// What is added to scores so that only what is kept can be looked at: 0 where `keep` is 1, -infinity
/// where it is 0.
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

}  // namespace course
