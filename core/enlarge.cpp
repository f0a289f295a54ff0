// Copies of a tensor that are larger: repeated, and with an edge.
#include <algorithm>
#include <string>

#include "broadcast.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "record.hpp"
#include "views.hpp"

namespace heed {

namespace {

int64_t extent(const Shape& shape, int begin, int end) {
  return element_count(Shape(shape.begin() + begin, end - begin));
}

}  // namespace

// One axis after the other: [outer, rest] is seen as [outer, repeats, rest].
Tensor repeat(const Tensor& x, const Shape& repeats) {
  const int rank = repeats.rank();
  if (rank < x.rank() ||
      std::any_of(repeats.begin(), repeats.end(), [](int64_t n) { return n < 0; })) {
    throw ShapeError("repeat: needs a number of at least 0 for each axis of " +
                     to_string(x.shape()) + ", got " + to_string(repeats));
  }
  Shape shape = Shape::filled(rank, 1);
  for (int axis = 0; axis < x.rank(); ++axis) shape[axis - x.rank()] = x.shape()[axis];
  Tensor y = reshape(x, shape);
  for (int axis = rank - 1; axis >= 0; --axis) {
    if (repeats[axis] == 1) continue;
    const int64_t outer = extent(shape, 0, axis), rest = extent(shape, axis, rank);
    shape[axis] = element_count({shape[axis], repeats[axis]});
    element_count(shape);  // refuses what overflows
    y = reshape(expand(reshape(y, {outer, 1, rest}), {outer, repeats[axis], rest}), shape);
  }
  const Array& array = y.array();
  const bool is_copy = array.is_contiguous() && !array.shares_storage_with(x.array());
  return is_copy ? y : y.clone();
}

namespace {

/// The elements of y from `start` on, as many as `size` says.
Array part(const Array& y, const Shape& start, const Shape& size) {
  Array view = y;
  for (int axis = 0; axis < y.rank(); ++axis) {
    view = view.slice(axis, start[axis], start[axis] + size[axis]);
  }
  return view;
}

/// The elements of an axis that stay, and how many come before and after them.
struct Sides {
  int64_t first, last, before, after;
};
Sides sides_of(const Shape& shape, int axis, int64_t before, int64_t after) {
  const int64_t size = shape[axis];
  if (before < -size || after < -size ||
      std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0) < -size) {
    throw ShapeError("pad: axis " + std::to_string(axis) + " of " + to_string(shape) +
                     " has fewer elements than " + std::to_string(before) + " and " +
                     std::to_string(after) + " take away");
  }
  constexpr int64_t most = int64_t{1} << 61;  // more than there is memory, and can be added
  return {std::max<int64_t>(0, -before), size + std::min<int64_t>(0, after),
          std::clamp<int64_t>(before, 0, most), std::clamp<int64_t>(after, 0, most)};
}

}  // namespace

// y = x from `start` on, `value` elsewhere;  dL/dx = that part of g
Tensor pad(const Tensor& x_in, const std::vector<int64_t>& numbers, double value) {
  const std::size_t pairs = numbers.size() / 2;
  if (numbers.size() % 2 != 0 || pairs > static_cast<std::size_t>(x_in.rank())) {
    throw ShapeError("pad: " + std::to_string(numbers.size()) + " numbers for " +
                     to_string(x_in.shape()) +
                     "; needs a pair for each of the last axes, at most " +
                     std::to_string(2 * x_in.rank()) + " numbers");
  }
  check_number("pad", x_in.dtype(), value);
  Tensor x = x_in;
  Shape start = Shape::filled(x.rank(), 0), shape = x.shape();
  for (std::size_t i = 0; i < pairs; ++i) {
    const int axis = x.rank() - 1 - static_cast<int>(i);
    const Sides sides = sides_of(x_in.shape(), axis, numbers[2 * i], numbers[2 * i + 1]);
    x = slice(x, axis, sides.first, sides.last);
    start[axis] = sides.before;
    shape[axis] = sides.before + x.size(axis) + sides.after;
  }
  const Shape inner = x.shape();
  const Array y = Array::full(shape, value, x.dtype());
  kernels::copy_into(part(y, start, inner), x.array());
  return record("pad", y, wrt(x, [=](const Array& g) { return part(g, start, inner); }));
}

}  // namespace heed
