#include "batch_plan.hpp"

#include <algorithm>
#include <numeric>

#include "../../core/error.hpp"
#include "../../core/random.hpp"

namespace heed {

namespace {

/// The Philox streams of shuffling; their upper half keeps them apart from all other
/// uses of a seed.
constexpr uint64_t shuffle_streams = uint64_t{0x73687566} << 32;

const ItemLength& at(const std::vector<ItemLength>& lengths, int64_t i) {
  return lengths[static_cast<std::size_t>(i)];
}

int64_t cost(const std::vector<ItemLength>& lengths, int64_t i) {
  return std::max(at(lengths, i).first, at(lengths, i).second);
}

/// Items of equal lengths stay in their order.
void sort_by_length(const std::vector<ItemLength>& lengths, std::vector<int64_t>::iterator first,
                    std::vector<int64_t>::iterator last) {
  struct Key {
    int64_t first, second, position, item;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  for (auto i = first; i != last; ++i) {
    keys.push_back({at(lengths, *i).first, at(lengths, *i).second, i - first, *i});
  }
  std::sort(keys.begin(), keys.end());
  for (const Key& key : keys) *first++ = key.item;
}

/// Sorts by length within pools of as many items as `size.pool` batches hold.
void sort_in_pools(const std::vector<ItemLength>& lengths, const BatchSize& size,
                   std::vector<int64_t>& order) {
  auto first = order.begin();
  int64_t tokens = 0;
  for (auto i = order.begin(); i != order.end(); ++i) {
    if (size.tokens > 0) tokens += cost(lengths, *i);
    const bool enough_tokens = size.tokens > 0 && tokens >= size.pool * size.tokens;
    const bool enough_items = size.sentences > 0 && i + 1 - first >= size.pool * size.sentences;
    if (!enough_tokens && !enough_items) continue;
    sort_by_length(lengths, first, i + 1);
    first = i + 1;
    tokens = 0;
  }
  sort_by_length(lengths, first, order.end());
}

/// Cuts `order` into batches within the limits of `size`; without lengths, by rows alone.
BatchPlan cut(const std::vector<ItemLength>& lengths, const std::vector<int64_t>& order,
              const BatchSize& size) {
  BatchPlan plan;
  int64_t longest = 0;
  for (const int64_t i : order) {
    const int64_t own = lengths.empty() ? 0 : cost(lengths, i);
    longest = std::max(longest, own);
    const auto rows = plan.empty() ? 0 : static_cast<int64_t>(plan.back().size());
    const bool full = (size.tokens > 0 && (rows + 1) * longest > size.tokens) ||
                      (size.sentences > 0 && rows == size.sentences);
    if (plan.empty() || full) {
      plan.emplace_back();
      longest = own;
    }
    plan.back().push_back(i);
  }
  const bool drop =
      size.drop_last && !plan.empty() && static_cast<int64_t>(plan.back().size()) < size.sentences;
  if (drop) plan.pop_back();
  return plan;
}

void check_size(const BatchSize& size) {
  const auto in_range = [](int64_t value) { return value >= 0 && value <= largest_batch; };
  if (!in_range(size.tokens) || !in_range(size.sentences) || size.tokens + size.sentences == 0) {
    throw ConfigError("batches: tokens is " + std::to_string(size.tokens) + ", sentences " +
                      std::to_string(size.sentences) +
                      "; they must be from 0 to 2^53, and one of them above 0");
  }
  if (size.pool < 1 || size.pool > largest_batch_pool) {
    throw ConfigError("batches: pool is " + std::to_string(size.pool) + "; it must be from 1 to " +
                      std::to_string(largest_batch_pool));
  }
}

Generator generator_of(uint64_t seed, int64_t epoch) {
  return Generator(seed, shuffle_streams + static_cast<uint64_t>(epoch));
}

}  // namespace

std::vector<int64_t> ordered_numbers(int64_t count) {
  std::vector<int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

std::vector<int64_t> shuffled_numbers(int64_t count, uint64_t seed, int64_t epoch) {
  Generator generator = generator_of(seed, epoch);
  std::vector<int64_t> order = ordered_numbers(count);
  shuffle(order.data(), count, generator);
  return order;
}

BatchPlan batches_in_order(const std::vector<int64_t>& order, const BatchSize& size) {
  check_size(size);
  return cut({}, order, size);
}

BatchPlan shuffled_batches(const std::vector<ItemLength>& lengths, const BatchSize& size,
                           uint64_t seed, int64_t epoch) {
  check_size(size);
  Generator generator = generator_of(seed, epoch);
  std::vector<int64_t> order = ordered_numbers(static_cast<int64_t>(lengths.size()));
  shuffle(order.data(), static_cast<int64_t>(order.size()), generator);
  // What a smaller last batch would hold is left out by chance, not for its length.
  if (size.drop_last && size.tokens == 0) {
    order.resize(order.size() - order.size() % static_cast<std::size_t>(size.sentences));
  }
  sort_in_pools(lengths, size, order);
  BatchPlan plan = cut(lengths, order, size);
  shuffle(plan.data(), static_cast<int64_t>(plan.size()), generator);
  return plan;
}

BatchPlan sorted_batches(const std::vector<ItemLength>& lengths, const BatchSize& size) {
  check_size(size);
  std::vector<int64_t> order = ordered_numbers(static_cast<int64_t>(lengths.size()));
  sort_by_length(lengths, order.begin(), order.end());
  return cut(lengths, order, size);
}

}  // namespace heed
