#include "indexing.hpp"

#include <cstring>
#include <string>

#include "../error.hpp"
#include "../loops/updates.hpp"
#include "../parallel.hpp"
#include "elementwise.hpp"
#include "row_access.hpp"

namespace heed::kernels {

void check_indices(const char* operation, const Array& index_in, int64_t extent) {
  const Array index = index_in.contiguous();
  const int32_t* ids = index.data<int32_t>();
  for (int64_t i = 0; i < index.numel(); ++i) {
    if (ids[i] >= 0 && ids[i] < extent) continue;
    throw IndexError(std::string(operation) + ": index " + std::to_string(ids[i]) +
                     " at position " + std::to_string(i) + " is out of range [0, " +
                     std::to_string(extent) + ")");
  }
}

namespace {

int64_t extent_after(const Shape& shape, int axis) { return extent(shape, axis + 1, shape.rank()); }

/// Copies the slices `ids[0..count)` of the middle axis of a contiguous array
/// [outer, extent, inner].
void copy_slices(const Array& x, int axis, const Array& index, const Array& y) {
  const int64_t outer = extent(x.shape(), 0, axis), size = x.shape()[axis];
  const int64_t count = index.numel();
  const auto bytes = static_cast<std::size_t>(extent_after(x.shape(), axis)) * item_size(x.dtype());
  if (bytes == 0) return;
  const int32_t* ids = index.data<int32_t>();
  const auto* from = static_cast<const char*>(x.raw());
  auto* to = static_cast<char*>(y.raw());
  const auto piece = static_cast<int64_t>(bytes < 16384 ? 16384 / bytes : 1);
  parallel_for(outer * count, piece, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto slice = static_cast<std::size_t>(i / count * size + ids[i % count]);
      std::memcpy(to + static_cast<std::size_t>(i) * bytes, from + slice * bytes, bytes);
    }
  });
}

}  // namespace

Array index_select(const char* operation, const Array& x_in, int axis, const Array& index_in) {
  const Array x = x_in.contiguous(), index = index_in.contiguous();
  check_indices(operation, index, x.shape()[axis]);
  Shape shape = x.shape();
  shape[axis] = index.numel();
  Array y = Array::empty(shape, x.dtype());
  copy_slices(x, axis, index, y);
  return y;
}

Array embedding(const char* operation, const Array& weight_in, const Array& index_in) {
  const Array weight = weight_in.contiguous(), index = index_in.contiguous();
  check_indices(operation, index, weight.size(0));
  Shape shape = index.shape();
  shape.push_back(weight.size(1));
  Array y = Array::empty(shape, weight.dtype());
  copy_slices(weight, 0, index, y);
  return y;
}

namespace {

/// into[:, ids[i], :] += g[:, i, :] for i in order, for contiguous arrays [outer, extent, inner]
/// and [outer, count, inner]. Threads share the outer and inner extents, never i:
/// each sum has one order.
template <class T>
void add_slices(T* into, const T* g, const int32_t* ids, int64_t outer, int64_t extent,
                int64_t count, int64_t inner, int64_t skip) {
  constexpr int64_t width = 64;
  const auto add = loops::update_loops().of<T>().add;
  const int64_t blocks = (inner + width - 1) / width;
  const int64_t work = (count > 0 ? count : 1) * width;
  parallel_for(outer * blocks, work < 8192 ? 8192 / work : 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t o = block / blocks, column = block % blocks * width;
      const int64_t n = inner - column < width ? inner - column : width;
      for (int64_t i = 0; i < count; ++i) {
        if (ids[i] == skip) continue;
        add(into + (o * extent + ids[i]) * inner + column, g + (o * count + i) * inner + column, n);
      }
    }
  });
}

/// Calls `f(array)` with `into` where it is contiguous, else with a copy that is then written back.
template <class F>
void on_contiguous(const Array& into, F f) {
  if (into.is_contiguous()) return f(into);
  const Array copy = into.contiguous();
  f(copy);
  copy_into(into, copy);
}

void add_at(const Array& into_in, int axis, const Array& index_in, const Array& g_in,
            int64_t skip) {
  const Array index = index_in.contiguous(), g = g_in.contiguous();
  on_contiguous(into_in, [&](const Array& into) {
    for_floating(into.dtype(), [&](auto zero) {
      using T = decltype(zero);
      add_slices<T>(into.data<T>(), g.data<T>(), index.data<int32_t>(),
                    extent(into.shape(), 0, axis), into.shape()[axis], index.numel(),
                    extent_after(into.shape(), axis), skip);
    });
  });
}

}  // namespace

void embedding_backward_into(const Array& into, const Array& g, const Array& index, int64_t skip) {
  add_at(into, 0, index, g, skip);
}

void index_add_into(const Array& into, int axis, const Array& index, const Array& g) {
  add_at(into, axis, index, g, -1);
}

namespace {

/// Visits the elements of `index` (contiguous) in row-major order: `f(i, offset)` with the flat
/// position i and the offset of the element of `x` at the same place, but at index[i] along `axis`.
template <class F>
void for_indexed(const Array& x, int axis, const Array& index, int64_t begin, int64_t end, F f) {
  const Shape& shape = index.shape();
  const int32_t* ids = index.data<int32_t>();
  for (int64_t i = begin; i < end; ++i) {
    int64_t rest = i, offset = ids[i] * x.strides()[axis];
    for (int a = shape.rank() - 1; a >= 0; --a) {
      if (a != axis) offset += rest % shape[a] * x.strides()[a];
      rest /= shape[a];
    }
    f(i, offset);
  }
}

template <class T>
void gather_as(const Array& x, int axis, const Array& index, const Array& y) {
  const T* from = static_cast<const T*>(x.raw());
  T* to = static_cast<T*>(y.raw());
  parallel_for(index.numel(), 4096, [&](int64_t begin, int64_t end) {
    for_indexed(x, axis, index, begin, end, [&](int64_t i, int64_t at) { to[i] = from[at]; });
  });
}

}  // namespace

Array gather(const char* operation, const Array& x, int axis, const Array& index_in) {
  const Array index = index_in.contiguous();
  check_indices(operation, index, x.shape()[axis]);
  Array y = Array::empty(index.shape(), x.dtype());
  switch (item_size(x.dtype())) {
    case 1:
      gather_as<uint8_t>(x, axis, index, y);
      break;
    case 4:
      gather_as<uint32_t>(x, axis, index, y);
      break;
    default:
      gather_as<uint64_t>(x, axis, index, y);
      break;
  }
  return y;
}

void scatter_add_into(const char* operation, const Array& into, int axis, const Array& index_in,
                      const Array& g_in) {
  const Array index = index_in.contiguous(), g = g_in.contiguous();
  check_indices(operation, index, into.shape()[axis]);
  for_floating(into.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = g.data<T>();
    T* to = into.data<T>();
    // On one thread: any two indices may be the same element.
    for_indexed(into, axis, index, 0, index.numel(),
                [&](int64_t i, int64_t at) { to[at] += from[i]; });
  });
}

}  // namespace heed::kernels
