#pragma once

#include "../array.hpp"

namespace heed::kernels {

/// e_ij = v . tanh(q_i + k_j) for every sentence: query [B, K, A], key [B, S, A] of any strides, v
/// [A] -> [B, K, S], without [B, K, S, A] numbers in memory. Floating.
Array additive_scores(const Array& query, const Array& key, const Array& v);
/// From g = dL/de: dL/dquery and dL/dv, new arrays; dL/dkey is added to the contiguous `to_key`.
void additive_scores_backward(const Array& g, const Array& query, const Array& key, const Array& v,
                              Array& to_query, const Array& to_key, Array& to_v);

}  // namespace heed::kernels
