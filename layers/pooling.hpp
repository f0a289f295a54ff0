#pragma once

#include "../core/tensor.hpp"

/// A text as one vector.   x: [..., S, D], keep: [..., S] bool, true = real word, undefined: all
/// are -> [..., D]. What stands at the other words changes nothing, NaN neither, and gets gradient
/// 0. Throws `ShapeError`, `TypeError`.
namespace heed {

/// The mean of the words that are kept; 0 where none is.
Tensor masked_mean(const Tensor& x, const Tensor& keep = {});
/// The largest of each feature among the words that are kept; 0 where none is. Equal ones share the
/// gradient, as in `max`.
Tensor masked_max(const Tensor& x, const Tensor& keep = {});

}  // namespace heed
