#pragma once

#include "../array.hpp"

/// Functions for which the order along an axis (in [0, rank)) matters. Any strides, results are new
/// and contiguous. The same bits for any number of threads.
namespace heed::kernels {

/// y_i = x_0 + ... + x_i along `axis`; `reverse`: x_i + ... + x_last. Floating, summed in double.
Array cumsum(const Array& x, int axis, bool reverse);
/// y_i = the product of the other elements of the row, whichever are 0. Rows: the last axis.
/// Multiplied in double.
Array products_of_others(const Array& x);
/// The elements of `axes` in reverse order; any element type.
Array flip(const Array& x, const Axes& axes);
/// int32 indices of the k largest (or smallest) elements of `axis`, the first of equal ones first;
/// NaN counts as the largest. 0 <= k <= the extent; any element type.
Array topk_indices(const Array& x, int axis, int64_t k, bool largest);

}  // namespace heed::kernels
