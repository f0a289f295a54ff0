#pragma once

#include "training.hpp"

// Stands here for chapter 12's own until that is merged: masked_softmax alone.
namespace course {

/// softmax along the last axis of the scores that keep (1 or 0, broadcast to their shape) keeps; a
/// row that keeps nothing becomes zeros.
inline Tensor masked_softmax(const Tensor& scores, const Array& keep) {
  const Array kept = contiguous(broadcast_to(keep, scores.shape()));
  const Array masked = map(scores.value(), kept, [](double x, double k) {
    return k > 0 ? x : -std::numeric_limits<double>::infinity();
  });
  return softmax(record(masked, {scores}, [scores](const Array& g) { give(scores, g); }));
}

}  // namespace course
