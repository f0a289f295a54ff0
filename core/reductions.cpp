#include "reductions.hpp"

#include <algorithm>
#include <cmath>

#include "broadcast.hpp"
#include "elementwise.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/ordered.hpp"
#include "kernels/reductions.hpp"
#include "record.hpp"

namespace heed {

using kernels::Comparison;

namespace {

/// Each axis in [0, rank), all of them where none is listed; one listed twice is a `ShapeError`.
Axes normalized_axes(const char* operation, const Axes& axes, const Tensor& x) {
  const int rank = x.array_for(operation).rank();
  Axes result = distinct_axes(operation, axes, rank);
  for (int axis = 0; axes.empty() && axis < rank; ++axis) result.push_back(axis);
  return result;
}

/// `shape` with the axes reduced to size 1.
Shape kept_shape(Shape shape, const Axes& axes) {
  for (const int64_t axis : axes) shape[static_cast<int>(axis)] = 1;
  return shape;
}

int64_t reduced_count(const Shape& shape, const Axes& axes) {
  int64_t count = 1;
  for (const int64_t axis : axes) count *= shape[static_cast<int>(axis)];
  return count;
}

/// `y`, reduced over `axes`, seen with the shape of what it was reduced from.
Array spread(const Array& y, const Shape& shape, const Axes& axes) {
  return y.reshape(kept_shape(shape, axes)).expand(shape);
}

/// Whole numbers in float64 as int32, which must have them.
Array as_int32(const char* operation, const Array& y) {
  if (y.numel() == 0) return y.to(int32);
  for (const double number :
       {kernels::min(y, {}, false).item(), kernels::max(y, {}, false).item()}) {
    if (kernels::has_number(int32, number)) continue;
    throw NumericError(std::string(operation) + ": " + shortest(number) +
                       " is more than int32 holds; convert with .to(float64)");
  }
  return y.to(int32);
}

/// Is there a true element among those that each result stands for?
Array any_of(const Array& bits, const Axes& axes, bool keep) {
  return kernels::compare(Comparison::gt, kernels::max(bits.to(int32), axes, keep), 0);
}

}  // namespace

// y = sum_i x_i;  dL/dx_i = g
Tensor sum(const Tensor& x, const Axes& axes_in, Flag keep) {
  const Axes axes = normalized_axes("sum", axes_in, x);
  if (!is_floating(x.dtype())) {
    return Tensor(as_int32("sum", kernels::sum(x.array().to(int32), axes, keep, float64)));
  }
  const Shape shape = x.shape();
  return record("sum", kernels::sum(x.array(), axes, keep),
                wrt(x, [shape, axes](const Array& g) { return spread(g, shape, axes); }));
}

// y = sum_i x_i / n;  dL/dx_i = g / n
Tensor mean(const Tensor& x, const Axes& axes_in, Flag keep) {
  check_floating("mean", x);
  const Axes axes = normalized_axes("mean", axes_in, x);
  const Shape shape = x.shape();
  const double n = static_cast<double>(reduced_count(shape, axes));
  return record(
      "mean", kernels::div(kernels::sum(x.array(), axes, keep), n),
      wrt(x, [shape, axes, n](const Array& g) { return spread(kernels::div(g, n), shape, axes); }));
}

namespace {

/// x_i - mean, and max(0, n - correction).
struct Deviations {
  Array from_mean;
  double divisor;
};

Deviations deviations(const Array& x, const Axes& axes, int correction) {
  const double n = static_cast<double>(reduced_count(x.shape(), axes));
  const Array mean = kernels::div(kernels::sum(x, axes, true), n);
  return {kernels::sub(x, mean.expand(x.shape())), std::max(0.0, n - correction)};
}

}  // namespace

// y = sum_i (x_i - mean)^2 / d, d = max(0, n - correction);  dL/dx_i = 2 g (x_i - mean) / d
Tensor var(const Tensor& x, const Axes& axes_in, Flag keep, int correction) {
  check_floating("var", x);
  const Axes axes = normalized_axes("var", axes_in, x);
  const auto [deviation, divisor] = deviations(x.array(), axes, correction);
  const Array squares = kernels::sum(kernels::square(deviation), axes, keep);
  return record(
      "var", kernels::div(squares, divisor),
      wrt(x, saved(deviation), [axes, d = divisor](const Array& g, const Array& from_mean) {
        const Array share = kernels::div(g, d);
        return kernels::mul(spread(share, from_mean.shape(), axes), from_mean, 2);
      }));
}

namespace {

/// Deviations from a mean that rounding has carried past equal elements: these have none, where
/// they and their sum are finite.
Array among_equal_ones_zero(const Array& deviation, const Array& x, const Axes& axes) {
  if (x.numel() == 0) return deviation;
  const Array equal =
      kernels::compare(Comparison::eq, kernels::min(x, axes, true), kernels::max(x, axes, true));
  const Array finite = kernels::compare(Comparison::lt, kernels::square(deviation), INFINITY);
  return kernels::masked_fill(deviation, kernels::logical_and(equal.expand(x.shape()), finite), 0);
}

/// The product of the others for each element, over `axes`: these moved to the end and back.
Array product_of_others(const Array& x, const Axes& axes) {
  if (x.numel() == 0) return x;
  Axes order, back = Axes::filled(x.rank(), 0);
  for (const bool wanted : {false, true}) {
    for (int64_t axis = 0; axis < x.rank(); ++axis) {
      const bool listed = std::find(axes.begin(), axes.end(), axis) != axes.end();
      if (listed != wanted) continue;
      back[static_cast<int>(axis)] = order.rank();
      order.push_back(axis);
    }
  }
  const Array moved = x.permute(order);
  const Array rows = moved.reshape({-1, reduced_count(x.shape(), axes)});
  return kernels::products_of_others(rows).reshape(moved.shape()).permute(back);
}

/// In float64 a product is exact or, where no factor is 0, beyond int32.
Array whole_product(const Array& x, const Axes& axes, bool keep) {
  const Array y = kernels::prod(x.to(float64), axes, keep);
  const Array zero = any_of(kernels::compare(Comparison::eq, x, 0), axes, keep);
  return as_int32("prod", kernels::masked_fill(y, zero, 0));
}

}  // namespace

// y = prod_i x_i;  dL/dx_i = g prod_{j != i} x_j
Tensor prod(const Tensor& x, const Axes& axes_in, Flag keep) {
  const Axes axes = normalized_axes("prod", axes_in, x);
  if (!is_floating(x.dtype())) return Tensor(whole_product(x.array(), axes, keep));
  return record("prod", kernels::prod(x.array(), axes, keep),
                wrt(x, saved(x), [axes](const Array& g, const Array& factors) {
                  return kernels::mul(spread(g, factors.shape(), axes),
                                      product_of_others(factors, axes));
                }));
}

namespace {

using Extreme = Array (*)(const Array& x, const Axes& axes, bool keep);

// y = max_i x_i, or min;  dL/dx_i = g / k where x_i = y, of which there are k
Tensor extreme(const char* operation, Extreme find, const Tensor& x, const Axes& axes_in,
               bool keep) {
  const Axes axes = normalized_axes(operation, axes_in, x);
  if (reduced_count(x.shape(), axes) == 0) {
    throw ShapeError(std::string(operation) + ": no element to choose from in " +
                     to_string(x.shape()));
  }
  if (x.dtype() == boolean) return Tensor(find(x.array().to(int32), axes, keep).to(boolean));
  const Array y = find(x.array(), axes, keep);
  return record(
      operation, y,
      wrt(x, saved(x, y), [axes](const Array& g, const Array& from, const Array& top) {
        const Array hit = kernels::compare(Comparison::eq, from, spread(top, from.shape(), axes))
                              .to(from.dtype());
        const Array share = kernels::div(g, kernels::sum(hit, axes, false).reshape(g.shape()));
        return kernels::mul(hit, spread(share, from.shape(), axes));
      }));
}

}  // namespace

Tensor max(const Tensor& x, const Axes& axes, Flag keep) {
  return extreme("max", kernels::max, x, axes, keep);
}
Tensor min(const Tensor& x, const Axes& axes, Flag keep) {
  return extreme("min", kernels::min, x, axes, keep);
}

// y = log sum_i exp(x_i);  dL/dx_i = g exp(x_i - y)
Tensor logsumexp(const Tensor& x, const Axes& axes_in, Flag keep) {
  if (!is_floating(x.dtype())) return logsumexp(x.to(float32), axes_in, keep);
  const Axes axes = normalized_axes("logsumexp", axes_in, x);
  const Array y = kernels::logsumexp(x.array(), axes, keep);
  return record("logsumexp", y,
                wrt(x, saved(x, y), [axes](const Array& g, const Array& from, const Array& total) {
                  // Over -inf alone the total is -inf: the differences must not be NaN.
                  const Array nothing = kernels::compare(Comparison::eq, total, -INFINITY);
                  const Array finite = kernels::masked_fill(total, nothing, 0);
                  const Array share =
                      kernels::exp(kernels::sub(from, spread(finite, from.shape(), axes)));
                  return kernels::mul(spread(g, from.shape(), axes), share);
                }));
}

namespace {

using Places = Array (*)(const Array& x, int axis, bool keep);
Tensor place_of(const char* operation, Places find, const Tensor& x, int64_t axis_in, bool keep) {
  const int axis = normalized_axis(operation, axis_in, x.rank());
  if (x.shape()[axis] == 0) {
    throw ShapeError(std::string(operation) + ": no element to choose from in " +
                     to_string(x.shape()));
  }
  check_arithmetic(operation, x);
  return Tensor(find(x.array(), axis, keep));
}

}  // namespace

Tensor argmax(const Tensor& x, int64_t axis, Flag keep) {
  return place_of("argmax", kernels::argmax, x, axis, keep);
}
Tensor argmin(const Tensor& x, int64_t axis, Flag keep) {
  return place_of("argmin", kernels::argmin, x, axis, keep);
}

Tensor any(const Tensor& x, const Axes& axes_in, Flag keep) {
  const Axes axes = normalized_axes("any", axes_in, x);
  return Tensor(any_of(x.array().to(boolean), axes, keep));
}

Tensor all(const Tensor& x, const Axes& axes_in, Flag keep) {
  const Axes axes = normalized_axes("all", axes_in, x);
  const Array zeros = kernels::logical_not(x.array().to(boolean));
  return Tensor(kernels::logical_not(any_of(zeros, axes, keep)));
}

namespace {

/// max |x| of each norm, with x's rank: no power of a quotient by it overflows, and those that
/// underflow don't count. 1 where that is no divisor.
Array scale_of(const Array& size, const Axes& axes) {
  const Array largest = kernels::max(size, axes, true);
  const Array none = kernels::logical_or(kernels::compare(Comparison::eq, largest, 0),
                                         kernels::compare(Comparison::eq, largest, INFINITY));
  return kernels::masked_fill(largest, none, 1);
}

Array norm_of(const Array& x, double p, const Axes& axes, bool keep) {
  const Array size = kernels::abs(x);
  if (std::isinf(p)) return kernels::max(size, axes, keep);
  if (p == 1) return kernels::sum(size, axes, keep);
  const Array scale = scale_of(size, axes);
  const Array part = kernels::div(size, scale.expand(size.shape()));
  const Array y = p == 2 ? kernels::sqrt(kernels::sum(kernels::square(part), axes, keep))
                         : kernels::pow(kernels::sum(kernels::pow(part, p), axes, keep), 1 / p);
  return kernels::mul(y, scale.reshape(y.shape()));
}

/// dy/dx_i, where y is spread to x's shape; wrong where x_i = 0.
Array norm_slope(const Array& x, const Array& y, double p, const Axes& axes) {
  if (p == 2) return kernels::div(x, y);
  if (p == 1) return kernels::abs_backward(Array::full(x.shape(), 1, x.dtype()), x);
  const Array size = kernels::abs(x);
  if (!std::isinf(p)) {
    return kernels::abs_backward(kernels::pow(kernels::div(size, y), p - 1), x);
  }
  const Array hit = kernels::compare(Comparison::eq, size, y).to(x.dtype());
  return kernels::div(kernels::abs_backward(hit, x),
                      kernels::sum(hit, axes, true).expand(x.shape()));
}

}  // namespace

// y = (sum_i |x_i|^p)^(1/p);  dL/dx_i = g sign(x_i) (|x_i| / y)^(p - 1), 0 where x_i = 0
// p = inf: y = max_i |x_i|;  dL/dx_i = g sign(x_i) / k where |x_i| = y, of which there are k
Tensor norm(const Tensor& x, double p, const Axes& axes_in, Flag keep) {
  check_floating("norm", x);
  if (!(p > 0)) throw ConfigError("norm: p must be above 0, got " + std::to_string(p));
  const Axes axes = normalized_axes("norm", axes_in, x);
  if (std::isinf(p) && reduced_count(x.shape(), axes) == 0) {
    throw ShapeError("norm: no element to choose from in " + to_string(x.shape()));
  }
  const Array y = norm_of(x.array(), p, axes, keep);
  return record("norm", y,
                wrt(x, saved(x, y), [axes, p](const Array& g, const Array& from, const Array& all) {
                  const Array slope = norm_slope(from, spread(all, from.shape(), axes), p, axes);
                  const Array zero = kernels::compare(Comparison::eq, from, 0);
                  return kernels::masked_fill(kernels::mul(spread(g, from.shape(), axes), slope),
                                              zero, 0);
                }));
}

// y = sqrt(sum_i (x_i - mean)^2 / d), d = max(0, n - correction), as a norm; 0 of equal elements;
// dL/dx_i = g (x_i - mean) / (d y), 0 where y = 0
Tensor std(const Tensor& x, const Axes& axes_in, Flag keep, int correction) {
  check_floating("std", x);
  const Axes axes = normalized_axes("std", axes_in, x);
  const auto [rounded, divisor] = deviations(x.array(), axes, correction);
  const Array deviation = among_equal_ones_zero(rounded, x.array(), axes);
  // Divided first, the sum of large ones does not overflow; divided by 0, nothing becomes NaN.
  const Array y = divisor > 0 ? norm_of(kernels::div(deviation, std::sqrt(divisor)), 2, axes, keep)
                              : kernels::div(norm_of(deviation, 2, axes, keep), 0);
  return record("std", y,
                wrt(x, saved(deviation, y),
                    [axes, d = divisor](const Array& g, const Array& from_mean, const Array& root) {
                      const Shape shape = from_mean.shape();
                      const Array slope = kernels::div(from_mean, spread(root, shape, axes));
                      const Array zero = kernels::compare(Comparison::eq, from_mean, 0);
                      return kernels::mul(spread(kernels::div(g, d), shape, axes),
                                          kernels::masked_fill(slope, zero, 0));
                    }));
}

// y_i = sum_{j <= i} x_j;  dL/dx_j = sum_{i >= j} g_i
Tensor cumsum(const Tensor& x, int64_t axis_in) {
  const int axis = normalized_axis("cumsum", axis_in, x.rank());
  if (!is_floating(x.dtype())) {
    return Tensor(as_int32("cumsum", kernels::cumsum(x.array().to(float64), axis, false)));
  }
  return record("cumsum", kernels::cumsum(x.array(), axis, false),
                wrt(x, [axis](const Array& g) { return kernels::cumsum(g, axis, true); }));
}

}  // namespace heed
