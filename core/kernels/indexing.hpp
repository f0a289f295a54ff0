#pragma once

#include <span>

#include "../array.hpp"

/// Reading and adding at int32 indices. Ids out of range are an `IndexError` that names
/// `operation`, the index, the extent and the position. Adding goes in a fixed order: the same bits
/// for any number of threads.
namespace heed::kernels {

/// Throws unless each of `index` is in [0, extent).
void check_indices(const char* operation, const Array& index, int64_t extent);
/// The row-major places among the first axes of `shape` that `indices` name, one for each of these
/// axes: int32 of one shape, negative ones counted from the end.
Array places_of(const char* operation, const Shape& shape, std::span<const Array> indices);
/// The row-major places of what is true in a bool array [...]: [N]. And their indices in axes of
/// those sizes: [N, rank]. `ShapeError` for more elements than int32 counts.
Array true_places(const char* operation, const Array& mask);
Array indices_of(const Array& places, const Shape& shape);

/// Any element type. x: any rank, index: [N].
Array index_select(const char* operation, const Array& x, int axis, const Array& index);
/// index: any shape [...]; weight [V, E] -> [..., E].
Array embedding(const char* operation, const Array& weight, const Array& index);
/// into[index[i]] += g[i] for rows; g: [..., E], into: [V, E]; rows of id `skip` are left out.
void embedding_backward_into(const Array& into, const Array& g, const Array& index, int64_t skip);
/// into.select(axis, index[i]) += g.select(axis, i).
void index_add_into(const Array& into, int axis, const Array& index, const Array& g);
/// y[i][j] = x[index[i][j]][j] for axis 0, and likewise.
Array gather(const char* operation, const Array& x, int axis, const Array& index);
/// into[index[i][j]][j] += g[i][j] for axis 0, and likewise.
void scatter_add_into(const char* operation, const Array& into, int axis, const Array& index,
                      const Array& g);

}  // namespace heed::kernels
