#pragma once

#include "../array.hpp"

/// Matrix products, through the one file that calls BLAS (core/blas.cpp); those of a few rows with
/// a transposed matrix by loops of their own, and large ones in this thread's `product_precision`,
/// where that is another. Floating. Transposed and row-strided operands are read as they are;
/// other strides are copied first. Pieces are cut by shape. An extent beyond INT32_MAX is a
/// `ShapeError`.
namespace heed::kernels {

/// [M, K] x [K, N], or batches of them with equal leading axes [..., M, K] x [..., K, N].
Array matmul(const Array& a, const Array& b);
/// y = x W^T + b: x [M, I], weight [O, I], bias [O] or undefined -> [M, O].
Array linear(const Array& x, const Array& weight, const Array& bias);
/// into = a b, or into += a b. `into` is [..., M, N] with contiguous rows, of any row stride.
void matmul_into(const Array& into, const Array& a, const Array& b, bool accumulate);
/// into += a b, where an undefined `into` becomes a b.
void add_matmul(Array& into, const Array& a, const Array& b);

}  // namespace heed::kernels
