#pragma once

#include "tensor.hpp"

namespace heed {

/// What `tiled_attention` takes beside its operands.
struct TiledAttentionOptions {
  /// What q k^T is multiplied by.
  double scale = 1;
  /// Probability of dropping a weight.
  double dropout = 0;
};

/// softmax(scale Q K^T + ALiBi) V without a [T, S] matrix in memory: tiles of the weights are
/// computed where they are needed, and once more in the backward pass (Milakov and Gimelshein 2018;
/// Dao et al. 2022). Tiles of which the mask keeps nothing cost nothing.
///
/// query: [B, H, T, K], key: [B, G, S, K], value: [B, G, S, C] -> [B, H, T, C]; G divides H, and
/// head h looks at h G / H. keep: bool, broadcasts to [B, H, T, S], true where a query may look, or
/// undefined; a query that sees nothing gets zeros. Hidden values must be finite, and for the
/// gradient hidden keys too: 0 times infinity is NaN.
///
/// slopes: [H], what head h's scores lose for each place between key and query, the last of both
/// being neighbours (ALiBi), or undefined; without a gradient. It draws as `dropout` of the weights
/// does. Throws `ShapeError`, `TypeError`, `ConfigError`.
Tensor tiled_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                       const Tensor& keep = {}, const Tensor& slopes = {},
                       TiledAttentionOptions options = {});

}  // namespace heed
