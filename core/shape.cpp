#include "shape.hpp"

#include <algorithm>
#include <ostream>

#include "error.hpp"

namespace heed {

Shape::Shape(std::initializer_list<int64_t> sizes)
    : Shape(sizes.begin(), static_cast<int64_t>(sizes.size())) {}

Shape::Shape(const int64_t* sizes, int64_t rank) {
  if (rank > max_rank) {
    throw ShapeError("shape: " + std::to_string(rank) + " axes, at most " +
                     std::to_string(max_rank) + " are supported");
  }
  std::copy(sizes, sizes + rank, sizes_);
  rank_ = static_cast<int>(rank);
}

Shape Shape::filled(int64_t rank, int64_t value) {
  Shape shape;
  for (int64_t i = 0; i < rank; ++i) shape.push_back(value);
  return shape;
}

void Shape::refuse(int axis) const {
  throw IndexError("shape: entry " + std::to_string(axis) + " of " + to_string(*this) +
                   ", which has " + std::to_string(rank_));
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

void Shape::push_back(int64_t size) {
  if (rank_ == max_rank) {
    throw ShapeError("shape: more than " + std::to_string(max_rank) + " axes are not supported");
  }
  sizes_[rank_++] = size;
}

Shape Shape::without(int axis) const {
  Shape result;
  for (int i = 0; i < rank_; ++i) {
    if (i != axis) result.push_back(sizes_[i]);
  }
  return result;
}

Shape Shape::with(int axis, int64_t size) const {
  Shape result;
  for (int i = 0; i <= rank_; ++i) {
    if (i == axis) result.push_back(size);
    if (i < rank_) result.push_back(sizes_[i]);
  }
  return result;
}

bool Shape::operator==(const Shape& other) const {
  return rank_ == other.rank_ && std::equal(begin(), end(), other.begin());
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  bool overflow = false, empty = false;
  for (const int64_t size : shape) {
    if (size < 0) throw ShapeError("shape: negative size in " + to_string(shape));
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(count, std::max<int64_t>(size, 1), &count);
  }
  if (overflow || count > INT64_MAX / 16) {
    throw ShapeError("shape: the number of elements of " + to_string(shape) + " overflows");
  }
  return empty ? 0 : count;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

int normalized_axis(const char* operation, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    throw IndexError(std::string(operation) + ": axis " + std::to_string(axis) +
                     " is out of range for " + std::to_string(rank) + " axes");
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Axes distinct_axes(const char* operation, const Axes& axes, int rank) {
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
  return result;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  const int lead = to.rank() - from.rank();
  bool fits = lead >= 0;
  for (int i = 0; fits && i < from.rank(); ++i) fits = from[i] == 1 || from[i] == to[lead + i];
  return fits;
}

Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b) {
  const Shape& longer = a.rank() >= b.rank() ? a : b;
  const Shape& shorter = a.rank() >= b.rank() ? b : a;
  const int lead = longer.rank() - shorter.rank();
  Shape result = longer;
  for (int i = lead; i < longer.rank(); ++i) {
    const int64_t x = longer[i], y = shorter[i - lead];
    if (x != y && x != 1 && y != 1) {
      throw ShapeError(std::string(operation) + ": shapes do not broadcast: a " + to_string(a) +
                       ", b " + to_string(b) + "; sizes must be equal or 1, from the last axis on");
    }
    result[i] = x == 1 ? y : x;
  }
  return result;
}

}  // namespace heed
