#include "batches.hpp"

#include <span>

#include "../../core/error.hpp"
#include "../data/padding.hpp"
#include "vocabulary.hpp"

namespace heed::text {

namespace {

using Ids = std::vector<int32_t>;

int64_t length(const std::vector<Ids>& sentences, int64_t i) {
  return static_cast<int64_t>(sentences[static_cast<std::size_t>(i)].size());
}

std::vector<ItemLength> lengths_of(const EncodedPairs& pairs) {
  std::vector<ItemLength> lengths;
  for (int64_t i = 0; i < pairs.size(); ++i) {
    lengths.push_back({length(pairs.target, i), length(pairs.source, i)});
  }
  return lengths;
}

PaddedSequences pad(const std::vector<std::span<const int32_t>>& sentences) {
  return pad_sequence(sentences, Vocabulary::pad);
}

/// `DataError` for a sentence without even an end symbol.
void check_not_empty(const char* who, const char* side, const Ids& sentence, int64_t number) {
  if (!sentence.empty()) return;
  throw DataError(std::string(who) + ": " + side + " sentence " + std::to_string(number) +
                  " has no ids; an empty one is its end symbol alone");
}

/// `<s>` y of the rows y `</s>`.
Ids shifted_right(const Ids& target) {
  Ids fed{Vocabulary::bos};
  fed.insert(fed.end(), target.begin(), target.end() - 1);
  return fed;
}

}  // namespace

Batch make_batch(const EncodedPairs& pairs, const std::vector<int64_t>& indices) {
  std::vector<std::span<const int32_t>> sources, targets, fed;
  std::vector<Ids> shifted;
  shifted.reserve(indices.size());
  Batch batch;
  for (const int64_t i : indices) {
    if (i < 0 || i >= pairs.size()) {
      throw IndexError("make_batch: pair " + std::to_string(i) + " is not in [0, " +
                       std::to_string(pairs.size()) + ")");
    }
    const auto k = static_cast<std::size_t>(i);
    check_not_empty("make_batch", "source", pairs.source[k], i);
    check_not_empty("make_batch", "target", pairs.target[k], i);
    shifted.push_back(shifted_right(pairs.target[k]));
    sources.emplace_back(pairs.source[k]);
    targets.emplace_back(pairs.target[k]);
    fed.emplace_back(shifted.back());
    batch.target_tokens += length(pairs.target, i);
  }
  const PaddedSequences source = pad(sources), target = pad(targets);
  batch.source = source.values, batch.source_keep = source.keep;
  batch.target_in = pad(fed).values;
  batch.target_out = target.values, batch.target_keep = target.keep;
  batch.indices = indices;
  return batch;
}

SourceBatch make_source_batch(const std::vector<std::vector<int32_t>>& sentences) {
  std::vector<std::span<const int32_t>> rows;
  for (const Ids& sentence : sentences) {
    check_not_empty("make_source_batch", "source", sentence, static_cast<int64_t>(rows.size()));
    rows.emplace_back(sentence);
  }
  const PaddedSequences padded = pad(rows);
  return {padded.values, padded.keep};
}

BatchPlan training_batches(const EncodedPairs& pairs, const BatchSize& size, uint64_t seed,
                           int64_t epoch) {
  return shuffled_batches(lengths_of(pairs), size, seed, epoch);
}

BatchPlan validation_batches(const EncodedPairs& pairs, int64_t batch_tokens) {
  return sorted_batches(lengths_of(pairs), {.tokens = batch_tokens});
}

}  // namespace heed::text
