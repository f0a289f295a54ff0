#pragma once

#include "key_value_cache.hpp"

namespace heed {

/// Queries [B, H, T, K] that are quicker with all weights at once than by tiles.
inline constexpr int64_t few_queries = 8;

/// Are these few queries, of which nothing is learnt?
bool few_to_answer(const Tensor& query, const Tensor& key, const Tensor& value);

/// softmax(scale Q K^T + ALiBi) V of such queries, without a history; keys and values stay where
/// they are. keep: bool, broadcasts to the weights [B, H, T, S]; slopes: [H]; or undefined.
Attended answered(const Tensor& query, const kernels::KeysInPlace& memory, const Tensor& keep,
                  const Tensor& slopes, double scale);

}  // namespace heed
