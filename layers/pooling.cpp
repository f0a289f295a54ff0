#include "pooling.hpp"

#include <algorithm>
#include <cmath>

#include "../core/kernels/kernels.hpp"
#include "../core/operations.hpp"
#include "../core/record.hpp"
#include "check.hpp"

namespace heed {

namespace {

/// Shapes of x [..., S, D] and the optional keep [..., S].
void check(const char* name, const Tensor& x, const Tensor& keep) {
  if (x.rank() < 2) {
    throw ShapeError(std::string(name) + ": x is " + to_string(x.shape()) +
                     ", expected [..., words, features]");
  }
  require_floating(name, "x", x);
  if (keep.defined()) require_mask(name, keep, Shape(x.shape().begin(), x.rank() - 1));
}

/// x with `value` at the words that are not kept.
Tensor filled(const Tensor& x, const Tensor& keep, double value) {
  return keep.defined() ? masked_fill(x, unsqueeze(logical_not(keep), -1), value) : x;
}

/// How many words are kept, [..., 1]; at least 1.
Tensor kept_words(const Tensor& keep, DType dtype) {
  return clamp(sum(keep.to(int32), {-1}, true).to(dtype), 1, INFINITY);
}

/// The largest of the words where `kept`, [..., S, D], is true; -inf where it is at none.
// y = max_i x_i;  dL/dx_i = g / k where i is kept and x_i = y, of which there are k
Tensor max_of_kept(const Tensor& x, const Array& kept) {
  const int words = x.rank() - 2;
  const Array dropped = kernels::logical_not(kept);
  const Array y = kernels::max(kernels::masked_fill(x.array(), dropped, -INFINITY), {words}, true);
  const Array hit = kernels::logical_and(
      kernels::compare(kernels::Comparison::eq, x.array(), y.expand(x.shape())), kept);
  return record(
      "masked_max", y,
      wrt(x, saved(hit, dropped), [words](const Array& g, const Array& at, const Array& no) {
        const Array ones = at.to(g.dtype());
        const Array share = kernels::div(g, kernels::sum(ones, {words}, true));
        return kernels::masked_fill(kernels::mul(ones, share.expand(at.shape())), no, 0);
      }));
}

}  // namespace

Tensor masked_mean(const Tensor& x, const Tensor& keep) {
  check("masked_mean", x, keep);
  const Tensor total = sum(filled(x, keep, 0), {-2});
  if (keep.defined()) return total / kept_words(keep, x.dtype());
  return total / static_cast<double>(std::max<int64_t>(x.size(-2), 1));
}

Tensor masked_max(const Tensor& x, const Tensor& keep) {
  check("masked_max", x, keep);
  if (x.size(-2) == 0) return sum(x, {-2});  // zeros
  if (!keep.defined()) return max(x, {-2});
  const Tensor largest = max_of_kept(x, keep.array().unsqueeze(-1).expand(x.shape()));
  return masked_fill(squeeze(largest, -2), logical_not(any(keep, {-1}, true)), 0);
}

}  // namespace heed
