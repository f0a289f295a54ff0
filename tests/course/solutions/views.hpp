#pragma once

#include "broadcast.hpp"

/// Views of chapter 1 that record: the way back undoes the view. Given, for chapters 5 and on.
namespace course {

// [views]
inline Tensor transpose(const Tensor& x, int64_t i, int64_t j) {
  return record(transpose(x.value(), i, j), {x},
                [x, i, j](const Array& g) { give(x, transpose(g, i, j)); });
}

inline Tensor reshape(const Tensor& x, const Shape& shape) {
  return record(reshape(x.value(), shape), {x},
                [x](const Array& g) { give(x, reshape(g, x.shape())); });
}

inline Tensor slice(const Tensor& x, int64_t axis, int64_t begin, int64_t end) {
  return record(slice(x.value(), axis, begin, end), {x}, [x, axis, begin, end](const Array& g) {
    const Array whole = zeros(x.shape());
    const Array part = slice(whole, axis, begin, end);
    Shape index(g.shape.size(), 0);
    if (count(g.shape) > 0) {
      do part.at(index) = g.at(index);
      while (next(index, g.shape));
    }
    give(x, whole);
  });
}
// [/views]

/// Parts one after the other along an axis; all other sizes are equal.
inline Tensor cat(const std::vector<Tensor>& parts, int64_t axis) {
  Shape shape = parts.at(0).shape();
  shape[axis] = 0;
  for (const Tensor& part : parts) shape[axis] += part.shape()[axis];
  const Array whole = zeros(shape);
  int64_t begin = 0;
  for (const Tensor& part : parts) {
    const int64_t end = begin + part.shape()[axis];
    const Array place = slice(whole, axis, begin, end);
    Shape index(shape.size(), 0);
    if (count(part.shape()) > 0) {
      do place.at(index) = part.value().at(index);
      while (next(index, part.shape()));
    }
    begin = end;
  }
  return record(whole, parts, [parts, axis](const Array& g) {
    int64_t start = 0;
    for (const Tensor& part : parts) {
      give(part, slice(g, axis, start, start + part.shape()[axis]));
      start += part.shape()[axis];
    }
  });
}

/// Tensors of one shape side by side along a new axis.
inline Tensor stack(const std::vector<Tensor>& parts, int64_t axis) {
  std::vector<Tensor> slabs;
  for (const Tensor& part : parts) {
    Shape shape = part.shape();
    shape.insert(shape.begin() + axis, 1);
    slabs.push_back(reshape(part, shape));
  }
  return cat(slabs, axis);
}

}  // namespace course
