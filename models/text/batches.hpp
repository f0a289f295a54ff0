#pragma once

#include <cstdint>
#include <vector>

#include "../../core/tensor.hpp"

namespace heed {

/// Sentence pairs as ids. Each sentence ends with `</s>`.
struct EncodedPairs {
  std::vector<std::vector<int32_t>> source, target;
  int64_t size() const { return static_cast<int64_t>(source.size()); }
};

/// Pairs side by side, padded with `<pad>` to the longest of each side.
struct Batch {
  /// Source ids [B, S] int32, `</s>` last, and where they are words [B, S] bool (true = keep).
  Tensor source, source_keep;
  /// What the decoder is fed, `<s>` y, and what it should say, y `</s>`: [B, T] int32; [B, T] bool.
  Tensor target_in, target_out, target_keep;
  /// Target tokens that count: `</s>` included, padding not.
  int64_t target_tokens = 0;
  /// The numbers of the pairs, in the order of the rows.
  std::vector<int64_t> indices;
};

/// The batch of the pairs with these numbers. `DataError` for a sentence without ids.
Batch make_batch(const EncodedPairs& pairs, const std::vector<int64_t>& indices);

/// Source sentences (ids with `</s>`) padded to [B, S], and their keep mask.
/// `DataError` for one without ids.
struct SourceBatch {
  Tensor source, source_keep;
};
SourceBatch make_source_batch(const std::vector<std::vector<int32_t>>& sentences);

/// Each batch as the numbers of its pairs.
using BatchPlan = std::vector<std::vector<int64_t>>;

inline constexpr int64_t largest_batch_pool = 1000;

/// How large a batch of training is.
struct BatchSize {
  /// Rows times the longest sentence are at most `tokens` (a longer pair is a batch of its own),
  /// rows at most `sentences`; 0: no such limit, but one of them is above 0.
  int64_t tokens = 0, sentences = 0;
  /// Batches whose pairs are sorted by length together.
  int64_t pool = 64;
};

/// The batches of one epoch of training: every pair once, in batches of like length. A pure
/// function of its arguments, so that a run can be resumed inside any epoch: pairs are shuffled,
/// sorted by length within pools of many batches (equal lengths stay shuffled), cut, and the
/// batches shuffled. `ConfigError` for a size out of range.
BatchPlan training_batches(const EncodedPairs& pairs, const BatchSize& size, uint64_t seed,
                           int64_t epoch);
/// The batches of a validation: as above, but sorted by length as a whole and without chance.
BatchPlan validation_batches(const EncodedPairs& pairs, int64_t batch_tokens);

}  // namespace heed
