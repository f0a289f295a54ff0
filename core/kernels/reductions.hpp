#pragma once

#include "../array.hpp"

/// Reductions over axes (normalised: each in [0, rank), none twice; an empty list means all axes).
/// Any strides. Cut by shape and combined in a fixed order:
/// the same bits for any number of threads.
namespace heed::kernels {

/// Floating and int32. The result has x's element type or float64.
Array sum(const Array& x, const Axes& axes, bool keep);
Array sum(const Array& x, const Axes& axes, bool keep, DType result);
/// Floating, in double.
Array prod(const Array& x, const Axes& axes, bool keep);
/// Floating and int32. NaN is the largest and the smallest; over no element the result is 0.
Array max(const Array& x, const Axes& axes, bool keep);
Array min(const Array& x, const Axes& axes, bool keep);
/// log(sum(exp(x))); floating.
Array logsumexp(const Array& x, const Axes& axes, bool keep);
/// int32: the first largest (smallest) of `axis`; NaN counts as both.
Array argmax(const Array& x, int axis, bool keep);
Array argmin(const Array& x, int axis, bool keep);
/// The adjoint of `expand`: sums `g` down to `shape`.
Array sum_to(const Array& g, const Shape& shape);
/// sum of x_i^2 over all elements, in double, in a fixed order.
double sum_of_squares(const Array& x);
/// Are all elements finite?
bool all_finite(const Array& x);

}  // namespace heed::kernels
