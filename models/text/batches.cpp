#include "batches.hpp"

#include <algorithm>
#include <numeric>

#include "../../core/error.hpp"
#include "../../core/random.hpp"

namespace heed {

namespace {

/// The Philox streams of shuffling; their upper half keeps them apart from all other
/// uses of a seed.
constexpr uint64_t shuffle_streams = uint64_t{0x73687566} << 32;

/// Pairs are sorted by length within pools of this many batches.
constexpr int64_t batches_in_a_pool = 64;

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

void sort_in_pools(const EncodedPairs& pairs, int64_t pool_tokens, std::vector<int64_t>& order) {
  auto first = order.begin();
  int64_t tokens = 0;
  for (auto i = order.begin(); i != order.end(); ++i) {
    tokens += cost(pairs, *i);
    if (tokens < pool_tokens) continue;
    sort_by_length(pairs, first, i + 1);
    first = i + 1;
    tokens = 0;
  }
  sort_by_length(pairs, first, order.end());
}

/// Cuts `order` into batches whose rows times their longest row are at most `batch_tokens`.
BatchPlan cut(const EncodedPairs& pairs, const std::vector<int64_t>& order, int64_t batch_tokens) {
  BatchPlan plan;
  int64_t longest = 0;
  for (const int64_t i : order) {
    longest = std::max(longest, cost(pairs, i));
    const auto rows = plan.empty() ? 0 : static_cast<int64_t>(plan.back().size());
    if (plan.empty() || (rows + 1) * longest > batch_tokens) {
      plan.emplace_back();
      longest = cost(pairs, i);
    }
    plan.back().push_back(i);
  }
  return plan;
}

void check_batch_tokens(int64_t batch_tokens) {
  if (batch_tokens > 0) return;
  throw ConfigError("batches: batch_tokens is " + std::to_string(batch_tokens) +
                    "; it must be at least 1");
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

std::vector<int32_t> encode_line(const std::string& line, const Tokenizer& tokenizer,
                                 const Vocabulary& vocabulary) {
  Ids ids = vocabulary.encode(tokenizer.split(line));
  ids.push_back(Vocabulary::eos);
  return ids;
}

EncodedPairs encode_pairs(const ParallelText& text, const Tokenizer& source_tokenizer,
                          const Vocabulary& source_vocabulary, const Tokenizer& target_tokenizer,
                          const Vocabulary& target_vocabulary) {
  EncodedPairs pairs;
  for (const std::string& line : text.source) {
    pairs.source.push_back(encode_line(line, source_tokenizer, source_vocabulary));
  }
  for (const std::string& line : text.target) {
    pairs.target.push_back(encode_line(line, target_tokenizer, target_vocabulary));
  }
  return pairs;
}

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

BatchPlan training_batches(const EncodedPairs& pairs, int64_t batch_tokens, uint64_t seed,
                           int64_t epoch) {
  check_batch_tokens(batch_tokens);
  Generator generator(seed, shuffle_streams + static_cast<uint64_t>(epoch));
  std::vector<int64_t> order = numbers_of(pairs);
  shuffle(order.data(), pairs.size(), generator);
  sort_in_pools(pairs, batches_in_a_pool * batch_tokens, order);
  BatchPlan plan = cut(pairs, order, batch_tokens);
  shuffle(plan.data(), static_cast<int64_t>(plan.size()), generator);
  return plan;
}

BatchPlan validation_batches(const EncodedPairs& pairs, int64_t batch_tokens) {
  check_batch_tokens(batch_tokens);
  std::vector<int64_t> order = numbers_of(pairs);
  sort_by_length(pairs, order.begin(), order.end());
  return cut(pairs, order, batch_tokens);
}

}  // namespace heed
