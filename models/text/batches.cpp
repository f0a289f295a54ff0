#include "batches.hpp"

#include <algorithm>
#include <numeric>

#include "../../core/error.hpp"
#include "../../core/random.hpp"
#include "vocabulary.hpp"

namespace heed {

namespace {

/// The Philox streams of shuffling; their upper half keeps them apart from all other
/// uses of a seed.
constexpr uint64_t shuffle_streams = uint64_t{0x73687566} << 32;

using Ids = std::vector<int32_t>;

int64_t length(const std::vector<Ids>& sentences, int64_t i) {
  return static_cast<int64_t>(sentences[static_cast<std::size_t>(i)].size());
}

/// What a row of a batch costs: the longer side.
int64_t cost(const EncodedPairs& pairs, int64_t i) {
  return std::max(length(pairs.source, i), length(pairs.target, i));
}

/// Sorts by target length, then by source length; pairs of equal lengths stay in their order.
void sort_by_length(const EncodedPairs& pairs, std::vector<int64_t>::iterator first,
                    std::vector<int64_t>::iterator last) {
  struct Key {
    int64_t target, source, position, pair;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  for (auto i = first; i != last; ++i) {
    keys.push_back({length(pairs.target, *i), length(pairs.source, *i), i - first, *i});
  }
  std::sort(keys.begin(), keys.end());
  for (const Key& key : keys) *first++ = key.pair;
}

/// Sorts by length within pools of as many pairs as `size.pool` batches hold.
void sort_in_pools(const EncodedPairs& pairs, const BatchSize& size, std::vector<int64_t>& order) {
  auto first = order.begin();
  int64_t tokens = 0;
  for (auto i = order.begin(); i != order.end(); ++i) {
    tokens += cost(pairs, *i);
    const bool enough_tokens = size.tokens > 0 && tokens >= size.pool * size.tokens;
    const bool enough_pairs = size.sentences > 0 && i + 1 - first >= size.pool * size.sentences;
    if (!enough_tokens && !enough_pairs) continue;
    sort_by_length(pairs, first, i + 1);
    first = i + 1;
    tokens = 0;
  }
  sort_by_length(pairs, first, order.end());
}

/// Cuts `order` into batches within the limits of `size`.
BatchPlan cut(const EncodedPairs& pairs, const std::vector<int64_t>& order, const BatchSize& size) {
  BatchPlan plan;
  int64_t longest = 0;
  for (const int64_t i : order) {
    longest = std::max(longest, cost(pairs, i));
    const auto rows = plan.empty() ? 0 : static_cast<int64_t>(plan.back().size());
    const bool full = (size.tokens > 0 && (rows + 1) * longest > size.tokens) ||
                      (size.sentences > 0 && rows == size.sentences);
    if (plan.empty() || full) {
      plan.emplace_back();
      longest = cost(pairs, i);
    }
    plan.back().push_back(i);
  }
  return plan;
}

void check_size(const BatchSize& size) {
  constexpr int64_t most = INT64_C(1) << 53;  // a pool of batches is counted too
  const auto in_range = [](int64_t value) { return value >= 0 && value <= most; };
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

std::vector<int64_t> numbers_of(const EncodedPairs& pairs) {
  std::vector<int64_t> order(static_cast<std::size_t>(pairs.size()));
  std::iota(order.begin(), order.end(), int64_t{0});
  return order;
}

/// Rows of ids padded at their end, and which places hold ids.
struct Padded {
  Array ids, keep;

  Padded(int64_t rows, int64_t columns)
      : ids(Array::full({rows, columns}, Vocabulary::pad, int32)),
        keep(Array::zeros({rows, columns}, boolean)) {}

  void set(int64_t row, int64_t column, int32_t id) {
    const int64_t place = row * ids.size(1) + column;
    ids.data<int32_t>()[place] = id;
    keep.data<bool>()[place] = true;
  }
  void set_row(int64_t row, const Ids& sentence) {
    int64_t column = 0;
    for (const int32_t id : sentence) set(row, column++, id);
  }
};

Padded pad(const std::vector<const Ids*>& sentences) {
  int64_t longest = 0;
  for (const Ids* s : sentences) longest = std::max(longest, static_cast<int64_t>(s->size()));
  Padded padded(static_cast<int64_t>(sentences.size()), longest);
  int64_t row = 0;
  for (const Ids* s : sentences) padded.set_row(row++, *s);
  return padded;
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
  std::vector<const Ids*> sources, targets, fed;
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
    sources.push_back(&pairs.source[k]);
    targets.push_back(&pairs.target[k]);
    fed.push_back(&shifted.back());
    batch.target_tokens += length(pairs.target, i);
  }
  const Padded source = pad(sources), target = pad(targets);
  batch.source = Tensor(source.ids), batch.source_keep = Tensor(source.keep);
  batch.target_in = Tensor(pad(fed).ids);
  batch.target_out = Tensor(target.ids), batch.target_keep = Tensor(target.keep);
  batch.indices = indices;
  return batch;
}

SourceBatch make_source_batch(const std::vector<std::vector<int32_t>>& sentences) {
  std::vector<const Ids*> rows;
  for (const Ids& sentence : sentences) {
    check_not_empty("make_source_batch", "source", sentence, static_cast<int64_t>(rows.size()));
    rows.push_back(&sentence);
  }
  const Padded padded = pad(rows);
  return {Tensor(padded.ids), Tensor(padded.keep)};
}

BatchPlan training_batches(const EncodedPairs& pairs, const BatchSize& size, uint64_t seed,
                           int64_t epoch) {
  check_size(size);
  Generator generator(seed, shuffle_streams + static_cast<uint64_t>(epoch));
  std::vector<int64_t> order = numbers_of(pairs);
  shuffle(order.data(), pairs.size(), generator);
  sort_in_pools(pairs, size, order);
  BatchPlan plan = cut(pairs, order, size);
  shuffle(plan.data(), static_cast<int64_t>(plan.size()), generator);
  return plan;
}

BatchPlan validation_batches(const EncodedPairs& pairs, int64_t batch_tokens) {
  const BatchSize size{.tokens = batch_tokens};
  check_size(size);
  std::vector<int64_t> order = numbers_of(pairs);
  sort_by_length(pairs, order.begin(), order.end());
  return cut(pairs, order, size);
}

}  // namespace heed
