#include "pooling.hpp"

#include <algorithm>
#include <cmath>

#include "../core/operations.hpp"
#include "check.hpp"

namespace heed {

namespace {

/// Shapes of x [..., S, D] and the optional keep [..., S].
void check(const char* name, const Tensor& x, const Tensor& keep) {
  if (x.rank() < 2) {
    throw ShapeError(std::string(name) + ": x is " + to_string(x.shape()) +
                     ", expected [..., words, features]");
  }
  if (!is_floating(x.dtype())) {
    throw TypeError(std::string(name) + ": x is " + to_string(x.dtype()) +
                    ", expected float32 or float64");
  }
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
  const Tensor largest = max(filled(x, keep, -INFINITY), {-2});
  if (!keep.defined()) return largest;
  return masked_fill(largest, eq(sum(keep.to(int32), {-1}, true), 0), 0);
}

}  // namespace heed
