#include "array.hpp"

#include <algorithm>
#include <new>

#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "memory.hpp"

namespace heed {

const char* to_string(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int32:
      return "int32";
    default:
      return "bool";
  }
}

Ref<Storage> Storage::make(std::size_t bytes) {
  static_assert(sizeof(Storage) == 64, "the elements behind the header must stay aligned to 64");
  return Ref<Storage>(new (allocate(sizeof(Storage) + bytes)) Storage(bytes));
}

void Storage::destroy(Storage* storage) noexcept {
  const std::size_t bytes = sizeof(Storage) + storage->bytes_;
  storage->~Storage();
  deallocate(storage, bytes);
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides = shape;
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Array Array::empty(const Shape& shape, DType dtype) {
  Array array;
  array.numel_ = element_count(shape);
  array.storage_ = Storage::make(static_cast<std::size_t>(array.numel_) * item_size(dtype));
  array.shape_ = shape;
  array.strides_ = contiguous_strides(shape);
  array.dtype_ = dtype;
  return array;
}

Array Array::zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }

Array Array::full(const Shape& shape, double value, DType dtype) {
  Array array = empty(shape, dtype);
  kernels::fill(array, value);
  return array;
}

namespace {

/// Calls `body(T{})` with the C++ type of `dtype`.
template <class F>
decltype(auto) with_type(DType dtype, F&& body) {
  switch (dtype) {
    case DType::float32:
      return body(float{});
    case DType::float64:
      return body(double{});
    case DType::int32:
      return body(int32_t{});
    default:
      return body(bool{});
  }
}

/// Calls `body(offset)` for each element in row-major order.
template <class F>
void for_each_offset(const Shape& shape, const Shape& strides, F&& body) {
  int64_t index[max_rank] = {}, offset = 0;
  for (int64_t left = element_count(shape); left > 0; --left) {
    body(offset);
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

}  // namespace

Array Array::arange(int64_t n, DType dtype) {
  Array array = empty({n}, dtype);
  with_type(dtype, [&](auto zero) {
    auto* values = array.data<decltype(zero)>();
    for (int64_t i = 0; i < n; ++i) values[i] = static_cast<decltype(zero)>(i);
  });
  return array;
}

namespace {

template <class T>
int32_t as_int32(T value, std::size_t position) {
  if (value >= INT32_MIN && value <= INT32_MAX) return static_cast<int32_t>(value);
  throw TypeError("from: value " + std::to_string(value) + " at position " +
                  std::to_string(position) +
                  " does not fit int32, whose numbers are -2147483648 to 2147483647");
}

}  // namespace

template <class T>
Array Array::from(const std::vector<T>& values, const Shape& shape) {
  Array array = empty(shape, is_long<T> ? int32 : dtype_of<T>);
  if (static_cast<int64_t>(values.size()) != array.numel()) {
    throw ShapeError("from: " + std::to_string(values.size()) + " values for shape " +
                     to_string(shape) + ", which has " + std::to_string(array.numel()));
  }
  if constexpr (is_long<T>) {
    auto* to = array.data<int32_t>();
    for (std::size_t i = 0; i < values.size(); ++i) to[i] = as_int32(values[i], i);
  } else {
    std::copy(values.begin(), values.end(), array.data<T>());
  }
  return array;
}
template Array Array::from(const std::vector<float>&, const Shape&);
template Array Array::from(const std::vector<double>&, const Shape&);
template Array Array::from(const std::vector<int32_t>&, const Shape&);
template Array Array::from(const std::vector<bool>&, const Shape&);
template Array Array::from(const std::vector<long>&, const Shape&);
template Array Array::from(const std::vector<long long>&, const Shape&);

int64_t Array::size(int64_t axis) const { return shape_[normalized_axis("size", axis, rank())]; }

bool Array::is_contiguous() const {
  const int64_t *size = shape_.end(), *stride = strides_.end();
  for (int64_t step = 1; size != shape_.begin(); step *= *size) {
    --size;
    --stride;
    if (*size == 0) return true;
    if (*size != 1 && *stride != step) return false;
  }
  return true;
}

void Array::refuse_undefined() {
  throw TypeError("array: it is undefined; an operation needs an array with values");
}

template <class T>
T* Array::data() const {
  if (dtype_ != dtype_of<T>) {
    throw TypeError(std::string("data: the elements are ") + to_string(dtype_) + ", not " +
                    to_string(dtype_of<T>));
  }
  return static_cast<T*>(raw());
}
template float* Array::data() const;
template double* Array::data() const;
template int32_t* Array::data() const;
template bool* Array::data() const;

double Array::item() const {
  if (!defined() || numel_ != 1) {
    throw ShapeError("item: needs exactly one element, got shape " + to_string(shape_) +
                     "; take sum() or mean() of it, or read at({i, ...})");
  }
  return with_type(dtype_, [&](auto zero) { return static_cast<double>(*data<decltype(zero)>()); });
}

double Array::at(const Shape& index) const {
  if (index.rank() != rank()) {
    throw IndexError("at: " + std::to_string(index.rank()) + " indices for shape " +
                     to_string(shape_));
  }
  for (int i = 0; i < index.rank(); ++i) {
    if (index[i] >= -shape_[i] && index[i] < shape_[i]) continue;
    throw IndexError("at: index " + to_string(index) + " is out of range for " + to_string(shape_));
  }
  Array element = *this;
  for (int i = 0; i < index.rank(); ++i) element = element.select(0, index[i]);
  return element.item();
}

template <class T>
std::vector<T> Array::to_vector() const {
  if (defined() && dtype_ != dtype_of<T>) {
    throw TypeError(std::string("to_vector: the elements are ") + to_string(dtype_) + ", not " +
                    to_string(dtype_of<T>) + "; convert with .to(" +
                    (dtype_of<T> == boolean ? "boolean" : to_string(dtype_of<T>)) + ")");
  }
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(numel_));
  const T* first = data<T>();
  for_each_offset(shape_, strides_, [&](int64_t offset) { values.push_back(first[offset]); });
  return values;
}
template std::vector<float> Array::to_vector() const;
template std::vector<double> Array::to_vector() const;
template std::vector<int32_t> Array::to_vector() const;
template std::vector<bool> Array::to_vector() const;

Array Array::view_as(const Shape& shape, const Shape& strides, int64_t offset) const {
  Array view = *this;
  view.shape_ = shape;
  view.strides_ = strides;
  view.offset_ = offset;
  view.numel_ = element_count(shape);
  return view;
}

Array Array::transpose(int64_t axis_a, int64_t axis_b) const {
  const int a = normalized_axis("transpose", axis_a, rank());
  const int b = normalized_axis("transpose", axis_b, rank());
  Array view = *this;
  std::swap(view.shape_[a], view.shape_[b]);
  std::swap(view.strides_[a], view.strides_[b]);
  return view;
}

Array Array::permute(const Axes& axes) const {
  Shape shape, strides;
  bool seen[max_rank] = {};
  for (const int64_t wanted : axes) {
    const int axis = normalized_axis("permute", wanted, rank());
    if (seen[axis]) throw ShapeError("permute: axis twice in " + to_string(axes));
    seen[axis] = true;
    shape.push_back(shape_[axis]);
    strides.push_back(strides_[axis]);
  }
  if (axes.rank() != rank()) {
    throw ShapeError("permute: " + to_string(axes) + " does not name each axis of " +
                     to_string(shape_));
  }
  return view_as(shape, strides, offset_);
}

namespace {

/// `shape` with its -1 replaced by what makes it hold `numel` elements.
Shape inferred(const Shape& wanted, const Shape& from, int64_t numel) {
  Shape shape = wanted;
  int unknown = -1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != -1) continue;
    if (unknown >= 0) throw ShapeError("reshape: more than one -1 in " + to_string(wanted));
    unknown = i;
    shape[i] = 1;
  }
  const int64_t known = element_count(shape);
  if (unknown >= 0 && known == 0) {
    throw ShapeError("reshape: beside a size of 0 the -1 in " + to_string(wanted) +
                     " may be any size; write the size");
  }
  if (unknown >= 0) shape[unknown] = numel / known;
  if (element_count(shape) != numel) {
    throw ShapeError("reshape: " + to_string(from) + " has " + std::to_string(numel) +
                     " elements, which do not fit " + to_string(wanted));
  }
  return shape;
}

/// Strides that show the elements of (`from`, `strides`) as `to` without a copy; false if none do.
bool strides_for_view(const Shape& from, const Shape& strides, const Shape& to, Shape& result) {
  result = to;
  int axis = from.rank() - 1;
  int wanted = to.rank() - 1;
  while (axis >= 0) {
    // A maximal run of axes that are laid out as one.
    int64_t run = from[axis];
    const int64_t step = strides[axis];
    while (axis > 0 && (from[axis - 1] == 1 || strides[axis - 1] == step * run)) {
      run *= from[--axis];
    }
    --axis;
    int64_t covered = 1;
    while (wanted >= 0 && (covered < run || to[wanted] == 1)) {
      result[wanted] = step * covered;
      covered *= to[wanted--];
    }
    if (covered != run) return false;
  }
  return true;
}

}  // namespace

Array Array::reshape(const Shape& wanted) const {
  const Shape shape = inferred(wanted, shape_, numel_);
  if (is_contiguous()) return view_as(shape, contiguous_strides(shape), offset_);
  // Axes of size 1 carry no layout: leave them out before looking for runs.
  Shape sizes, steps, strides;
  for (int i = 0; i < rank(); ++i) {
    if (shape_[i] == 1) continue;
    sizes.push_back(shape_[i]);
    steps.push_back(strides_[i]);
  }
  if (strides_for_view(sizes, steps, shape, strides)) return view_as(shape, strides, offset_);
  const Array copy = contiguous();
  return copy.view_as(shape, contiguous_strides(shape), 0);
}

Array Array::slice(int64_t axis_in, int64_t start, int64_t stop, int64_t step) const {
  const int axis = normalized_axis("slice", axis_in, rank());
  const int64_t size = shape_[axis];
  if (step <= 0) throw ShapeError("slice: the step must be positive, got " + std::to_string(step));
  const auto clipped = [&](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size);
  };
  start = clipped(start);
  stop = std::max(clipped(stop), start);
  Shape shape = shape_, strides = strides_;
  shape[axis] = stop > start ? (stop - start - 1) / step + 1 : 0;
  if (shape[axis] > 1) strides[axis] *= step;  // else the step, which may be huge, is never taken
  return view_as(shape, strides, offset_ + start * strides_[axis]);
}

Array Array::select(int64_t axis_in, int64_t index) const {
  const int axis = normalized_axis("select", axis_in, rank());
  const int64_t size = shape_[axis];
  if (index < -size || index >= size) {
    throw IndexError("select: index " + std::to_string(index) + " is out of range for axis " +
                     std::to_string(axis) + " of " + to_string(shape_));
  }
  if (index < 0) index += size;
  return view_as(shape_.without(axis), strides_.without(axis), offset_ + index * strides_[axis]);
}

Array Array::expand(const Shape& wanted) const {
  if (wanted == shape_) return *this;
  Shape shape = wanted, strides = Shape::filled(wanted.rank(), 0);
  const int lead = shape.rank() - rank();
  bool fits = lead >= 0;
  for (int i = 0; fits && i < lead; ++i) fits = shape[i] >= 0;
  for (int i = 0; fits && i < rank(); ++i) {
    int64_t& size = shape[lead + i];
    if (size == -1) size = shape_[i];
    fits = size >= 0 && (shape_[i] == size || shape_[i] == 1);
    strides[lead + i] = shape_[i] == size ? strides_[i] : 0;
  }
  if (!fits) {
    throw ShapeError("expand: " + to_string(shape_) + " does not broadcast to " +
                     to_string(wanted) +
                     (lead < 0 ? "" : "; -1 keeps the size of one of its axes"));
  }
  return view_as(shape, strides, offset_);
}

Array Array::squeeze(int64_t axis_in) const {
  const int axis = normalized_axis("squeeze", axis_in, rank());
  if (shape_[axis] != 1) {
    throw ShapeError("squeeze: axis " + std::to_string(axis) + " of " + to_string(shape_) +
                     " has size " + std::to_string(shape_[axis]) + ", not 1");
  }
  return view_as(shape_.without(axis), strides_.without(axis), offset_);
}

Array Array::unsqueeze(int64_t axis_in) const {
  const int axis = normalized_axis("unsqueeze", axis_in, rank() + 1);
  const int64_t step = axis < rank() ? shape_[axis] * strides_[axis] : 1;
  return view_as(shape_.with(axis, 1), strides_.with(axis, step), offset_);
}

Array Array::contiguous() const { return is_contiguous() ? *this : clone(); }

Array Array::clone() const {
  Array copy = empty(shape_, dtype_);
  kernels::copy_into(copy, *this);
  return copy;
}

Array Array::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Array copy = empty(shape_, dtype);
  kernels::copy_into(copy, *this);
  return copy;
}

}  // namespace heed
