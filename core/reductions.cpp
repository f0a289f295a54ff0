#include <heed/core/reductions.hpp>

#include <cmath>

#include <heed/core/broadcast.hpp>
#include <heed/core/elementwise.hpp>
#include <heed/core/kernels/elementwise.hpp>
#include <heed/core/kernels/reductions.hpp>
#include <heed/core/record.hpp>

namespace heed {

namespace {

/// Each axis in [0, rank), all of them where none is listed; one listed twice is a `ShapeError`.
Axes normalized_axes(const char* operation, const Axes& axes, int rank) {
  Axes result;
  for (const int64_t wanted : axes) {
    const int axis = normalized_axis(operation, wanted, rank);
    for (const int64_t before : result) {
      if (before == axis) {
        throw ShapeError(std::string(operation) + ": axis twice in " + to_string(axes));
      }
    }
    result.push_back(axis);
  }
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

}  // namespace

// y = sum_i x_i;  dL/dx_i = g
Tensor sum(const Tensor& x, const Axes& axes_in, bool keep) {
  const Axes axes = normalized_axes("sum", axes_in, x.rank());
  if (x.dtype() == boolean) throw TypeError("sum: bool elements; convert with .to(int32)");
  const Shape shape = x.shape();
  return record("sum", kernels::sum(x.array(), axes, keep),
                wrt(x, [shape, axes](const Array& g) { return spread(g, shape, axes); }));
}

// y = sum_i x_i / n;  dL/dx_i = g / n
Tensor mean(const Tensor& x, const Axes& axes_in, bool keep) {
  check_floating("mean", x);
  const Axes axes = normalized_axes("mean", axes_in, x.rank());
  const Shape shape = x.shape();
  const double share = 1 / static_cast<double>(reduced_count(shape, axes));
  return record("mean", kernels::mul(kernels::sum(x.array(), axes, keep), share),
                wrt(x, [shape, axes, share](const Array& g) {
                  return spread(kernels::mul(g, share), shape, axes);
                }));
}

// y = sum_i (x_i - mean)^2 / (n - correction), composed of other operations
Tensor var(const Tensor& x, const Axes& axes_in, bool keep, int correction) {
  const Axes axes = normalized_axes("var", axes_in, x.rank());
  const double n = static_cast<double>(reduced_count(x.shape(), axes));
  const Tensor deviation = x - mean(x, axes, true);
  return sum(square(deviation), axes, keep) * (1 / (n - correction));
}

// y = max_i x_i;  dL/dx_i = g / k where x_i = y, of which there are k
Tensor max(const Tensor& x, const Axes& axes_in, bool keep) {
  check_floating("max", x);
  const Axes axes = normalized_axes("max", axes_in, x.rank());
  if (reduced_count(x.shape(), axes) == 0) {
    throw ShapeError("max: no element to choose from in " + to_string(x.shape()));
  }
  const Array y = kernels::max(x.array(), axes, keep);
  return record(
      "max", y,
      wrt(x, saved(x, y), [axes](const Array& g, const Array& from, const Array& largest) {
        const Array hit =
            kernels::compare(kernels::Comparison::eq, from, spread(largest, from.shape(), axes))
                .to(from.dtype());
        const Array share = kernels::div(g, kernels::sum(hit, axes, false).reshape(g.shape()));
        return kernels::mul(hit, spread(share, from.shape(), axes));
      }));
}

// y = log sum_i exp(x_i);  dL/dx_i = g exp(x_i - y)
Tensor logsumexp(const Tensor& x, const Axes& axes_in, bool keep) {
  check_floating("logsumexp", x);
  const Axes axes = normalized_axes("logsumexp", axes_in, x.rank());
  const Array y = kernels::logsumexp(x.array(), axes, keep);
  return record("logsumexp", y,
                wrt(x, saved(x, y), [axes](const Array& g, const Array& from, const Array& total) {
                  // Over -inf alone the total is -inf: the differences must not be NaN.
                  const Array nothing = kernels::compare(kernels::Comparison::eq, total, -INFINITY);
                  const Array finite = kernels::masked_fill(total, nothing, 0);
                  const Array share =
                      kernels::exp(kernels::sub(from, spread(finite, from.shape(), axes)));
                  return kernels::mul(spread(g, from.shape(), axes), share);
                }));
}

Tensor argmax(const Tensor& x, int64_t axis_in, bool keep) {
  const int axis = normalized_axis("argmax", axis_in, x.rank());
  if (x.shape()[axis] == 0) {
    throw ShapeError("argmax: no element to choose from in " + to_string(x.shape()));
  }
  check_floating("argmax", x);
  return Tensor(kernels::argmax(x.array(), axis, keep));
}

}  // namespace heed
