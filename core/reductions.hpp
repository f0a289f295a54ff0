#pragma once

#include "tensor.hpp"

/// Reductions over the axes listed, `{0, 2}`, over one, `1`, or over all where none is (`{}`). With
/// `keep`, `true` and no number, the reduced axes stay with size 1. Sums are added in fixed order:
/// the same bits for any number of threads. `sum`, `prod` and `cumsum` of int32 and bool are int32
/// (PyTorch's int64), and a `NumericError` where a result does not fit.
namespace heed {

Tensor sum(const Tensor& x, const Axes& axes = {}, Flag keep = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, Flag keep = false);
/// Sum of squared deviations over max(0, n - correction) (1: unbiased). As torch.var.
Tensor var(const Tensor& x, const Axes& axes = {}, Flag keep = false, int correction = 1);
/// The root of `var`; gradient 0 where it is 0. As torch.std. With `using namespace heed` write
/// heed::std(x): the name alone could be that of the standard library.
Tensor std(const Tensor& x, const Axes& axes = {}, Flag keep = false, int correction = 1);
/// The product, multiplied in double; 1 over no element. The gradient of each factor is the product
/// of the others, whichever are 0. As torch.prod, which takes one axis or all.
Tensor prod(const Tensor& x, const Axes& axes = {}, Flag keep = false);
/// The largest, the smallest; equal ones share the gradient (torch.amax, torch.amin). `ShapeError`
/// over no element. Any element type.
Tensor max(const Tensor& x, const Axes& axes = {}, Flag keep = false);
Tensor min(const Tensor& x, const Axes& axes = {}, Flag keep = false);
/// log(sum(exp(x))), computed without overflow; -inf over no element.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, Flag keep = false);
/// Index (int32) of the first largest, the first smallest element of `axis`; no gradient.
/// `TypeError` for bool.
Tensor argmax(const Tensor& x, int64_t axis, Flag keep = false);
Tensor argmin(const Tensor& x, int64_t axis, Flag keep = false);
/// Is one element true, are all? bool, without gradient. Of other element types those that are not
/// 0 are true, NaN with them. Over no element `any` is false, `all` true. As torch.any, torch.all.
Tensor any(const Tensor& x, const Axes& axes = {}, Flag keep = false);
Tensor all(const Tensor& x, const Axes& axes = {}, Flag keep = false);
/// (sum |x|^p)^(1/p) for p > 0; p = INFINITY: max |x| (`ShapeError` over no element). Elements that
/// are 0 get gradient 0, also where the norm is 0; the largest of p = INFINITY share it.
/// `ConfigError` for p <= 0 or NaN. The powers are taken of |x| / max |x|: they neither overflow
/// nor underflow. As torch.linalg.vector_norm.
Tensor norm(const Tensor& x, double p = 2, const Axes& axes = {}, Flag keep = false);
/// Running sums along `axis`, y_i = x_0 + ... + x_i, added in double. As torch.cumsum.
Tensor cumsum(const Tensor& x, int64_t axis);

}  // namespace heed
