#pragma once

#include "random.hpp"

namespace heed::loops {

/// One head of attention: T queries of size K on S keys, values of size C. The last axis of every
/// matrix is contiguous, `..._row` is the distance of its rows.
template <class T>
struct AttentionHead {
  int64_t queries, keys, size, value_size;
  const T *query, *key, *value;
  int64_t query_row, key_row, value_row;
  T scale;
  /// Null: every query sees every key.
  const bool* keep;
  int64_t keep_row, keep_column;
  /// How much of each tile of `keep` is seen, row by row of tiles, as `look` found; null: unknown.
  const uint8_t* seen;
  /// Of ALiBi: what a place between query and key costs; 0: nothing.
  T slope;
  /// Dropout: weight (t, s) is number `first` + t S + s of those that `start` draws; dropped where
  /// its word is less than `threshold` (0: none is), else multiplied by `factor`.
  PhiloxStart start;
  uint64_t first, threshold;
  T factor;
  /// max_s e_ts and 1 / sum_s exp(e_ts - max), [T] each; 0 for a query that sees nothing. Their
  /// logarithm in one number would lose the sum beside a large maximum.
  T *maxima, *inverse_sums;
};

/// The gradients of a head, and what they come from.
template <class T>
struct AttentionGradients {
  const T *output, *gradient;
  T* query;
  int64_t output_row, gradient_row, query_row;
};

/// Attention tile by tile, so that no [T, S] matrix exists: softmax with running maxima and sums
/// (Milakov and Gimelshein 2018), its gradient from the sums alone (Dao et al. 2022, algorithms 1
/// and 4). Tiles without a key that a query sees are skipped.
template <class T>
struct AttentionLoops {
  /// Numbers of memory that `forward` and `backward` want.
  int64_t (*workspace)(const AttentionHead<T>& head);
  /// The sides of a tile of weights.
  int64_t tile;
  /// Writes how much is seen of each tile of the row of tiles that begins with query `row`: heads
  /// with the same `keep` need not all go through it.
  void (*look)(const AttentionHead<T>& head, int64_t row, uint8_t* seen);
  /// Output of the queries `begin`, a multiple of `tile`, to `end`: [T, C].
  void (*forward)(const AttentionHead<T>& head, int64_t begin, int64_t end, T* output,
                  int64_t output_row, T* workspace);
  /// Of `count` heads that share their keys and values: [S, K] and [S, C], overwritten.
  void (*backward)(const AttentionHead<T>* heads, const AttentionGradients<T>* gradients,
                   int64_t count, T* key, int64_t key_row, T* value, int64_t value_row,
                   T* workspace);
};

using AttentionTables = FloatingLoops<AttentionLoops>;

HEED_DECLARE_TABLE(AttentionTables, attention_loops)

}  // namespace heed::loops
