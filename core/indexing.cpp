#include "indexing.hpp"

#include <algorithm>
#include <vector>

#include "broadcast.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/indexing.hpp"
#include "kernels/ordered.hpp"
#include "record.hpp"

namespace heed {

namespace {

/// `index` has x's rank and nowhere but along the axis more elements than x.
void check_index_shape(const char* operation, const Tensor& x, int axis, const Tensor& index) {
  check_dtype(operation, "the index", index, int32);
  bool fits = x.rank() == index.rank();
  for (int i = 0; fits && i < x.rank(); ++i) {
    fits = i == axis || index.shape()[i] <= x.shape()[i];
  }
  if (fits) return;
  const std::string shapes = std::string(operation) + ": index " + to_string(index.shape()) +
                             " does not fit x " + to_string(x.shape()) + " along axis " +
                             std::to_string(axis);
  if (index.rank() == x.rank()) {
    throw ShapeError(shapes + "; along the others it has no more elements than x");
  }
  throw ShapeError(shapes +
                   "; it needs as many axes as x: unsqueeze(index, axis) adds one, and "
                   "index_select takes whole slices");
}

}  // namespace

// y[i] = x[index[i]];  dL/dx[index[i]] += g[i]
Tensor gather(const Tensor& x, int64_t axis_in, const Tensor& index) {
  const int axis = normalized_axis("gather", axis_in, x.array_for("gather").rank());
  check_index_shape("gather", x, axis, index);
  const Shape from = x.shape();
  return record("gather", kernels::gather("gather", x.array(), axis, index.array()),
                wrt(x, saved(index), [=](const Array& g, const Array& ids, Array& into) {
                  zeros_into(into, from, g.dtype());
                  kernels::scatter_add_into("gather", into, axis, ids, g);
                }));
}

// y[i] = x[index[i]], whole slices;  dL/dx[index[i]] += g[i]
Tensor index_select(const Tensor& x, int64_t axis_in, const Tensor& index) {
  const int axis = normalized_axis("index_select", axis_in, x.rank());
  check_dtype("index_select", "the index", index, int32);
  if (index.rank() != 1) {
    throw ShapeError("index_select: needs an index [N], got " + to_string(index.shape()));
  }
  const Shape from = x.shape();
  return record("index_select",
                kernels::index_select("index_select", x.array(), axis, index.array()),
                wrt(x, saved(index), [=](const Array& g, const Array& ids, Array& into) {
                  zeros_into(into, from, g.dtype());
                  kernels::index_add_into(into, axis, ids, g);
                }));
}

// y[i] = weight[id[i]];  dL/dweight[id[i]] += g[i], except the padding row
Tensor embedding(const Tensor& weight, const Tensor& ids, int64_t padding_index) {
  if (!is_floating(weight.dtype()) && is_floating(ids.dtype())) {
    throw TypeError(
        "embedding: the ids come second, the weight first: write embedding(weight, ids); "
        "torch.nn.functional.embedding has them the other way round");
  }
  check_floating("embedding", weight);
  check_dtype("embedding", "the ids", ids, int32);
  if (weight.rank() != 2) {
    throw ShapeError("embedding: needs a weight [V, E], got " + to_string(weight.shape()));
  }
  const Shape from = weight.shape();
  return record("embedding", kernels::embedding("embedding", weight.array(), ids.array()),
                wrt(weight, saved(ids), [=](const Array& g, const Array& index, Array& into) {
                  zeros_into(into, from, g.dtype());
                  kernels::embedding_backward_into(into, g, index, padding_index);
                }));
}

// y = x; y[index[i]] += source[i];  dL/dx = g, dL/dsource[i] = g[index[i]]
Tensor scatter_add(const Tensor& x, int64_t axis_in, const Tensor& index, const Tensor& source) {
  check_same_dtype("scatter_add", x, source, "x", "source");
  check_floating("scatter_add", x);
  const int axis = normalized_axis("scatter_add", axis_in, x.rank());
  check_index_shape("scatter_add", x, axis, index);
  if (source.shape() != index.shape()) {
    throw ShapeError("scatter_add: source " + to_string(source.shape()) + " and index " +
                     to_string(index.shape()) + " must have one shape");
  }
  const Array y = x.array().clone();
  kernels::scatter_add_into("scatter_add", y, axis, index.array(), source.array());
  return record("scatter_add", y, wrt(x, [](const Array& g) { return g; }),
                wrt(source, saved(index), [=](const Array& g, const Array& ids) {
                  return kernels::gather("scatter_add", g, axis, ids);
                }));
}

namespace {

/// An index for each axis: a mask is the columns of its `nonzero`.
std::vector<Tensor> index_of_each_axis(const Tensor& x, std::span<const Tensor> given) {
  std::vector<Tensor> indices;
  for (const Tensor& one : given) {
    const auto axis = static_cast<int>(indices.size());
    const int axes = one.dtype() == boolean ? one.rank() : 1;
    if (axis + axes > x.rank()) {
      throw IndexError("index: indices for " + std::to_string(axis + axes) + " axes, but x is " +
                       to_string(x.shape()));
    }
    if (one.dtype() != boolean) {
      check_dtype("index", "an index", one, int32);
      indices.push_back(one);
      continue;
    }
    if (axes == 0 || one.shape() != Shape(x.shape().begin() + axis, axes)) {
      throw ShapeError("index: mask " + to_string(one.shape()) + " for the axes from " +
                       std::to_string(axis) + " on of x " + to_string(x.shape()));
    }
    const Tensor places = nonzero(one);
    for (int column = 0; column < axes; ++column) indices.push_back(select(places, 1, column));
  }
  if (indices.empty()) throw ShapeError("index: needs at least one index");
  return indices;
}

}  // namespace

// y[...] = x[i[...], j[...]], the leading axes taken as one
Tensor index(const Tensor& x, std::span<const Tensor> given) {
  const std::vector<Tensor> indices = index_of_each_axis(x, given);
  Shape shape = indices[0].shape();
  for (const Tensor& one : indices) shape = broadcast_shapes("index", shape, one.shape());
  std::vector<Array> arrays;
  for (const Tensor& one : indices) arrays.push_back(one.array().expand(shape));
  const Array places = kernels::places_of("index", x.shape(), arrays);
  const auto axes = static_cast<int>(indices.size());
  Shape flat{element_count(Shape(x.shape().begin(), axes))};
  for (int axis = axes; axis < x.rank(); ++axis) {
    flat.push_back(x.shape()[axis]);
    shape.push_back(x.shape()[axis]);
  }
  const Tensor at(places.reshape({places.numel()}));
  return reshape(index_select(reshape(x, flat), 0, at), shape);
}

Tensor masked_select(const Tensor& x_in, const Tensor& mask) {
  check_dtype("masked_select", "the mask", mask, boolean);
  const Shape shape = broadcast_shapes("masked_select", x_in.shape(), mask.shape());
  const Tensor places(kernels::true_places("masked_select", mask.array().expand(shape)));
  const Tensor x = expand(x_in, shape);
  return index_select(reshape(x, {x.numel()}), 0, places);
}

Tensor nonzero(const Tensor& x) {
  const Array places = kernels::true_places("nonzero", x.array().to(boolean));
  return Tensor(kernels::indices_of(places, x.shape()));
}

Tensor one_hot(const Tensor& ids, int64_t classes, DType dtype) {
  check_dtype("one_hot", "the ids", ids, int32);
  if (ids.numel() == 0 && classes < 1) {
    throw ShapeError("one_hot: without ids the number of classes must be given, at least 1");
  }
  if (classes < 1 && classes != -1) {
    throw ShapeError("one_hot: classes is " + std::to_string(classes) +
                     ", expected at least 1, or -1 for one more than the largest id");
  }
  if (classes == -1) {
    const std::vector<int32_t> values = ids.to_vector<int32_t>();
    classes = int64_t{*std::max_element(values.begin(), values.end())} + 1;
  }
  kernels::check_indices("one_hot", ids.array(), classes);
  Shape shape = ids.shape();
  shape.push_back(classes);
  const Array id = ids.array().unsqueeze(-1).expand(shape);
  const Array column = Array::arange(classes, int32).expand(shape);
  return Tensor(kernels::compare(kernels::Comparison::eq, id, column).to(dtype));
}

// values = x[indices];  dL/dx[indices] = g, as of `gather`
TopK topk(const Tensor& x, int64_t k, int64_t axis_in, bool largest) {
  check_arithmetic("topk", x);
  const int axis = normalized_axis("topk", axis_in, x.rank());
  if (k < 0 || k > x.size(axis)) {
    throw IndexError("topk: k is " + std::to_string(k) + ", but axis " + std::to_string(axis) +
                     " of " + to_string(x.shape()) + " has " + std::to_string(x.size(axis)) +
                     " elements");
  }
  const Tensor indices(kernels::topk_indices(x.array(), axis, k, largest));
  return {gather(x, axis, indices), indices};
}

namespace {

Tensor indices_in_order(const Tensor& x, int axis, bool descending) {
  return Tensor(kernels::topk_indices(x.array(), axis, x.size(axis), descending));
}

}  // namespace

// values = x[indices];  dL/dx[indices] = g, as of `gather`
Sorted sort(const Tensor& x, int64_t axis_in, bool descending) {
  const int axis = normalized_axis("sort", axis_in, x.rank());
  const Tensor indices = indices_in_order(x, axis, descending);
  return {gather(x, axis, indices), indices};
}

Tensor argsort(const Tensor& x, int64_t axis, bool descending) {
  return indices_in_order(x, normalized_axis("argsort", axis, x.rank()), descending);
}

}  // namespace heed
