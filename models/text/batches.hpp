#pragma once

#include <cstdint>
#include <vector>

#include "../../core/tensor.hpp"
#include "../data/batch_plan.hpp"

/// Sentences of a text side by side: names that a program may want for its own data.
namespace heed::text {

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

/// The batches of one epoch of training: every pair once, sorted within pools by the target's
/// length and then the source's; see `shuffled_batches`.
BatchPlan training_batches(const EncodedPairs& pairs, const BatchSize& size, uint64_t seed,
                           int64_t epoch);
/// The batches of a validation: as above, but sorted by length as a whole and without chance.
BatchPlan validation_batches(const EncodedPairs& pairs, int64_t batch_tokens);

}  // namespace heed::text
