#include "indexing.hpp"

#include "broadcast.hpp"
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
  throw ShapeError(std::string(operation) + ": index " + to_string(index.shape()) +
                   " does not fit x " + to_string(x.shape()) + " along axis " +
                   std::to_string(axis));
}

}  // namespace

// y[i] = x[index[i]];  dL/dx[index[i]] += g[i]
Tensor gather(const Tensor& x, int64_t axis_in, const Tensor& index) {
  const int axis = normalized_axis("gather", axis_in, x.rank());
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
  check_same_dtype("scatter_add", x, source);
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

// values = x[indices];  dL/dx[indices] = g, as of `gather`
TopK topk(const Tensor& x, int64_t k, int64_t axis_in, bool largest) {
  check_floating("topk", x);
  const int axis = normalized_axis("topk", axis_in, x.rank());
  if (k < 0 || k > x.size(axis)) {
    throw IndexError("topk: k is " + std::to_string(k) + ", but axis " + std::to_string(axis) +
                     " of " + to_string(x.shape()) + " has " + std::to_string(x.size(axis)) +
                     " elements");
  }
  const Tensor indices(kernels::topk_indices(x.array(), axis, k, largest));
  return {gather(x, axis, indices), indices};
}

}  // namespace heed
