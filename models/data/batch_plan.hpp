#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// Each batch as the numbers of its items.
using BatchPlan = std::vector<std::vector<int64_t>>;

inline constexpr int64_t largest_batch_pool = 1000;
/// Most tokens or items of a batch: a pool of batches is counted too.
inline constexpr int64_t largest_batch = int64_t{1} << 53;

/// How large a batch is.
struct BatchSize {
  /// Rows times the longest sentence are at most `tokens` (a longer item is a batch of its own),
  /// rows at most `sentences`; 0: no such limit, but one of them is above 0.
  int64_t tokens = 0, sentences = 0;
  /// Batches whose items are sorted by length together.
  int64_t pool = 64;
  /// Leave out a last batch of fewer than `sentences`.
  bool drop_last = false;
};

/// What items are sorted by, `first` before `second`; what a row costs is the larger of the two.
struct ItemLength {
  int64_t first = 0, second = 0;
};

/// The numbers 0 ... count - 1 in this order.
std::vector<int64_t> ordered_numbers(int64_t count);
/// The numbers 0 ... count - 1 in the order of an epoch, a pure function of seed and epoch.
std::vector<int64_t> shuffled_numbers(int64_t count, uint64_t seed, int64_t epoch);
/// Batches of `size.sentences` items in this order, the last one smaller.
BatchPlan batches_in_order(const std::vector<int64_t>& order, const BatchSize& size);
/// The batches of one epoch: every item once, in batches of like length. A pure function of its
/// arguments, so that a run can be resumed inside any epoch: items are shuffled, sorted by length
/// within pools of many batches (equal lengths stay shuffled), cut, and the batches shuffled.
/// `ConfigError` for a size out of range, as from the function below.
BatchPlan shuffled_batches(const std::vector<ItemLength>& lengths, const BatchSize& size,
                           uint64_t seed, int64_t epoch);
/// As above, but sorted by length as a whole and without chance.
BatchPlan sorted_batches(const std::vector<ItemLength>& lengths, const BatchSize& size);

}  // namespace heed
