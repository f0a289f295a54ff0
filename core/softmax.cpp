#include "softmax.hpp"

#include "broadcast.hpp"
#include "kernels/rows.hpp"
#include "record.hpp"

namespace heed {

namespace {

/// The keep mask with x's shape, or none.
Array keep_of(const char* operation, const Tensor& x, const Tensor& keep) {
  if (!keep.defined()) return Array();
  check_dtype(operation, "keep", keep, boolean);
  check_broadcasts_to(operation, "keep", keep, "x", x.shape());
  return keep.array().expand(x.shape());
}

// y_i = exp(x_i) / sum_j exp(x_j);  dL/dx_i = y_i (g_i - sum_j g_j y_j)
Tensor softmax_last(const Tensor& x, const Array& keep) {
  const Array y = kernels::softmax(x.array(), keep);
  return record("softmax", y, wrt(x, saved(y), [](const Array& g, const Array& result) {
                  return kernels::softmax_backward(g, result);
                }));
}

// y_i = max(x_i - t, 0), sum_j y_j = 1;
// dL/dx_i = g_i - mean of g over the j with y_j > 0, where y_i > 0, else 0
Tensor sparsemax_last(const Tensor& x, const Array& keep) {
  const Array y = kernels::sparsemax(x.array(), keep);
  return record("sparsemax", y, wrt(x, saved(y), [](const Array& g, const Array& result) {
                  return kernels::sparsemax_backward(g, result);
                }));
}

// y_i = x_i - log sum_j exp(x_j);  dL/dx_i = g_i - exp(y_i) sum_j g_j
Tensor log_softmax_last(const Tensor& x, const Array& keep) {
  const Array y = kernels::log_softmax(x.array(), keep);
  return record("log_softmax", y,
                wrt(x, saved(y, keep), [](const Array& g, const Array& result, const Array& kept) {
                  return kernels::log_softmax_backward(g, result, kept);
                }));
}

using LastAxis = Tensor (*)(const Tensor&, const Array&);
Tensor along(const char* operation, LastAxis compute, const Tensor& x, int64_t axis_in,
             const Tensor& keep_in) {
  check_floating(operation, x);
  const int axis = normalized_axis(operation, axis_in, x.rank());
  const Array keep = keep_of(operation, x, keep_in);
  if (axis == x.rank() - 1) return compute(x, keep);
  const Array moved = keep.defined() ? keep.transpose(axis, -1) : keep;
  return transpose(compute(transpose(x, axis, -1), moved), axis, -1);
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t axis, const Tensor& keep) {
  return along("softmax", softmax_last, x, axis, keep);
}

Tensor sparsemax(const Tensor& x, int64_t axis, const Tensor& keep) {
  return along("sparsemax", sparsemax_last, x, axis, keep);
}

Tensor log_softmax(const Tensor& x, int64_t axis, const Tensor& keep) {
  return along("log_softmax", log_softmax_last, x, axis, keep);
}

}  // namespace heed
