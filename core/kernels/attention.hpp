#pragma once

#include "../array.hpp"

/// Attention tile by tile (core/loops/attention.hpp): query [B, H, T, K], key [B, G, S, K], value
/// [B, G, S, C], G a divisor of H. Floating.
namespace heed::kernels {

struct AttentionSettings {
  double scale = 1;
  /// Probability of dropping a weight, and the numbers that say which: from this block on.
  double dropout = 0;
  uint64_t seed = 0, stream = 0, block = 0;
};

/// The context [B, H, T, C], in memory [B, T, H, C], and what the weights are made of again: the
/// largest score of each query and 1 / sum_s exp(e_ts - largest), [2, B, H, T].
/// keep: bool, broadcasts to [B, H, T, S], or undefined. slopes: of ALiBi, [H], or undefined.
struct TiledAttention {
  Array context, normalisers;
};
TiledAttention attention(const Array& query, const Array& key, const Array& value,
                         const Array& keep, const Array& slopes, const AttentionSettings& settings);

/// Writes the gradients of query, key and value for the context's gradient g into arrays of their
/// shapes, whose last axes are contiguous.
struct AttentionOperands {
  Array query, key, value;
};
void attention_backward(const Array& g, const AttentionOperands& in, const Array& keep,
                        const Array& slopes, const TiledAttention& result,
                        const AttentionSettings& settings, const AttentionOperands& gradients);

}  // namespace heed::kernels
