#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Additive scores of one sentence: K queries [K, A] on S keys [S, A]. The last axis of every
/// matrix is contiguous, `..._row` is the distance of its rows.
template <class T>
struct AdditiveScores {
  int64_t queries, keys, size;
  const T *query, *key, *v;
  int64_t query_row, key_row;
};

/// e_ij = v . tanh(q_i + k_j), and its gradients from g = dL/de, which compute tanh once more.
template <class T>
struct AdditiveLoops {
  /// e: [K, S], contiguous.
  void (*forward)(const AdditiveScores<T>& scores, T* e);
  /// g: [K, S]; query [K, A] and v [A] are overwritten, key [S, A] is added to; all contiguous.
  void (*backward)(const AdditiveScores<T>& scores, const T* g, T* query, T* key, T* v);
};

using AdditiveTables = FloatingLoops<AdditiveLoops>;

HEED_DECLARE_TABLE(AdditiveTables, additive_loops)

}  // namespace heed::loops
