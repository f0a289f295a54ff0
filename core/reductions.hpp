#pragma once

#include "tensor.hpp"

/// Reductions over the axes listed, or over all where none is (`{}`). With `keep` the reduced axes
/// stay with size 1. Sums are cut by shape and combined in a fixed order: the same bits for any
/// number of threads.
namespace heed {

Tensor sum(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// Sum of squared deviations over max(0, n - correction) (1: unbiased). As torch.var.
Tensor var(const Tensor& x, const Axes& axes = {}, bool keep = false, int correction = 1);
/// The largest; equal ones share the gradient (torch.amax). `ShapeError` over no element.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// log(sum(exp(x))), computed without overflow; -inf over no element.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keep = false);
/// Index (int32) of the first largest element of `axis`; no gradient.
Tensor argmax(const Tensor& x, int64_t axis, bool keep = false);
/// (sum |x|^p)^(1/p) for p > 0; p = INFINITY: max |x| (`ShapeError` over no element). Elements that
/// are 0 get gradient 0, also where the norm is 0; the largest of p = INFINITY share it.
/// `ConfigError` for p <= 0 or NaN. The powers are taken of |x| / max |x|: they neither overflow
/// nor underflow. As torch.linalg.vector_norm.
Tensor norm(const Tensor& x, double p = 2, const Axes& axes = {}, bool keep = false);
/// Running sums along `axis`, y_i = x_0 + ... + x_i, added in double. As torch.cumsum.
Tensor cumsum(const Tensor& x, int64_t axis);

}  // namespace heed
