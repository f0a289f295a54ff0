#include "../../../models/text/batches.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "../../../core/error.hpp"
#include "../../../core/random.hpp"
#include "../../../models/text/vocabulary.hpp"

using namespace heed;
using namespace heed::text;
using Ids = std::vector<int32_t>;

namespace {

/// Pairs of random lengths up to 13 source and 11 target tokens, `</s>` included.
EncodedPairs random_pairs(int64_t size) {
  Generator generator(17);
  EncodedPairs pairs;
  for (int64_t i = 0; i < size; ++i) {
    pairs.source.emplace_back(1 + generator.below(13), 5);
    pairs.target.emplace_back(1 + generator.below(11), 7);
    pairs.source.back().back() = pairs.target.back().back() = Vocabulary::eos;
  }
  return pairs;
}

std::vector<int64_t> all_indices(const BatchPlan& plan) {
  std::vector<int64_t> all;
  for (const auto& batch : plan) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

void check_complete(const BatchPlan& plan, int64_t size) {
  std::vector<int64_t> all = all_indices(plan);
  std::sort(all.begin(), all.end());
  REQUIRE(static_cast<int64_t>(all.size()) == size);
  for (int64_t i = 0; i < size; ++i) REQUIRE(all[static_cast<std::size_t>(i)] == i);
}

int64_t padded_tokens(const EncodedPairs& pairs, const std::vector<int64_t>& batch) {
  std::size_t longest = 0;
  for (const int64_t i : batch) {
    const auto k = static_cast<std::size_t>(i);
    longest = std::max({longest, pairs.source[k].size(), pairs.target[k].size()});
  }
  return static_cast<int64_t>(longest * batch.size());
}

}  // namespace

TEST_CASE("a batch pads both sides, shifts the target and keeps what is real", "[batches]") {
  const EncodedPairs pairs{{{4, 5, 6, 3}, {5, 3}, {1, 3}}, {{4, 3}, {5, 4, 3}, {3}}};
  const Batch batch = make_batch(pairs, {0, 2, 1});
  CHECK(batch.source.shape() == Shape{3, 4});
  CHECK(batch.source.to_vector<int32_t>() == Ids{4, 5, 6, 3, 1, 3, 0, 0, 5, 3, 0, 0});
  CHECK(batch.source_keep.to_vector<bool>() == std::vector<bool>{true, true, true, true, true, true,
                                                                 false, false, true, true, false,
                                                                 false});
  CHECK(batch.target_in.to_vector<int32_t>() == Ids{2, 4, 0, 2, 0, 0, 2, 5, 4});
  CHECK(batch.target_out.to_vector<int32_t>() == Ids{4, 3, 0, 3, 0, 0, 5, 4, 3});
  CHECK(batch.target_keep.to_vector<bool>() ==
        std::vector<bool>{true, true, false, true, false, false, true, true, true});
  CHECK(batch.target_tokens == 6);
  CHECK(batch.indices == std::vector<int64_t>{0, 2, 1});
}

TEST_CASE("source sentences alone make a batch", "[batches]") {
  const SourceBatch batch = make_source_batch({{4, 3}, {5, 6, 3}});
  CHECK(batch.source.to_vector<int32_t>() == Ids{4, 3, 0, 5, 6, 3});
  CHECK(batch.source_keep.dtype() == boolean);
  CHECK(make_source_batch({}).source.shape() == Shape{0, 0});
}

TEST_CASE("every epoch has every pair once, within the number of tokens", "[batches]") {
  const EncodedPairs pairs = random_pairs(1009);
  for (const int64_t epoch : {0, 1, 2}) {
    const BatchPlan plan = training_batches(pairs, {.tokens = 101}, 3, epoch);
    check_complete(plan, 1009);
    for (const auto& batch : plan) CHECK(padded_tokens(pairs, batch) <= 101);
  }
  const BatchPlan valid = validation_batches(pairs, 101);
  check_complete(valid, 1009);
  for (const auto& batch : valid) CHECK(padded_tokens(pairs, batch) <= 101);
}

TEST_CASE("a batch has at most as many sentences as asked, beside its tokens or alone",
          "[batches]") {
  const EncodedPairs pairs = random_pairs(1009);
  for (const int64_t tokens : {0, 101}) {
    const BatchPlan plan = training_batches(pairs, {.tokens = tokens, .sentences = 10}, 3, 0);
    check_complete(plan, 1009);
    for (const auto& batch : plan) {
      CHECK(batch.size() <= 10);
      if (tokens > 0) CHECK(padded_tokens(pairs, batch) <= tokens);
    }
    if (tokens == 0) CHECK(plan.size() == 101);
  }
  const BatchPlan wide = training_batches(pairs, {.tokens = 101, .sentences = 101}, 3, 0);
  CHECK(wide == training_batches(pairs, {.tokens = 101}, 3, 0));
}

TEST_CASE("a pool of batches of sentences is cut without a rest", "[batches]") {
  const EncodedPairs pairs = random_pairs(3 * 20 * 8);
  const BatchPlan plan = training_batches(pairs, {.sentences = 8, .pool = 20}, 3, 0);
  CHECK(plan.size() == 60);
  std::size_t longest = 0, shortest = 0;
  for (const auto& batch : plan) {
    CHECK(batch.size() == 8);
    const auto length = [&](int64_t i) { return pairs.target[static_cast<std::size_t>(i)].size(); };
    CHECK(std::is_sorted(batch.begin(), batch.end(),
                         [&](int64_t a, int64_t b) { return length(a) < length(b); }));
    shortest += length(batch.back()) == 1;
    longest += length(batch.front()) == 11;
  }
  // Of each pool of 160 pairs some 14 have each length: a batch or so is of the shortest alone.
  CHECK(shortest >= 2);
  CHECK(shortest <= 6);
  CHECK(longest >= 2);
  CHECK(longest <= 6);
}

TEST_CASE("an epoch's batches are these, whatever is added to their size", "[batches]") {
  const BatchPlan plan = training_batches(random_pairs(11), {.tokens = 20}, 3, 1);
  CHECK(plan == BatchPlan{{2, 1}, {8, 6}, {4}, {10}, {9}, {3, 7}, {5, 0}});
}

TEST_CASE("an epoch's batches depend on seed and epoch alone", "[batches]") {
  const EncodedPairs pairs = random_pairs(211);
  const BatchPlan plan = training_batches(pairs, {.tokens = 53}, 3, 5);
  CHECK(plan == training_batches(pairs, {.tokens = 53}, 3, 5));
  CHECK(plan != training_batches(pairs, {.tokens = 53}, 3, 6));
  CHECK(plan != training_batches(pairs, {.tokens = 53}, 4, 5));
}

TEST_CASE("pairs of like length meet, and not in the order of their lengths", "[batches]") {
  const EncodedPairs pairs = random_pairs(2003);
  const BatchPlan plan = training_batches(pairs, {.tokens = 199}, 3, 0);
  int64_t padded = 0, real = 0, rising = 0;
  std::size_t last_length = 0;
  for (const auto& batch : plan) {
    std::size_t longest = 0;
    for (const int64_t i : batch) {
      longest = std::max(longest, pairs.target[static_cast<std::size_t>(i)].size());
      real += static_cast<int64_t>(pairs.target[static_cast<std::size_t>(i)].size());
    }
    padded += static_cast<int64_t>(longest * batch.size());
    rising += longest >= last_length;
    last_length = longest;
  }
  CHECK(static_cast<double>(real) > 0.95 * static_cast<double>(padded));
  CHECK(static_cast<double>(rising) < 0.8 * static_cast<double>(plan.size()));
}

TEST_CASE("a small text and a long pair make batches of their own", "[batches]") {
  const EncodedPairs pairs = random_pairs(3);
  CHECK(training_batches(pairs, {.tokens = 4096}, 1, 0).size() == 1);
  CHECK(training_batches(pairs, {.tokens = 1}, 1, 0).size() == 3);
  CHECK(training_batches(random_pairs(0), {.tokens = 7}, 1, 0).empty());
}

TEST_CASE("batches refuse what makes no sense", "[batches]") {
  const EncodedPairs pairs = random_pairs(3);
  CHECK_THROWS_AS(training_batches(pairs, {.tokens = 0}, 1, 0), ConfigError);
  CHECK_THROWS_AS(training_batches(pairs, {.tokens = 7, .sentences = -1}, 1, 0), ConfigError);
  CHECK_THROWS_AS(training_batches(pairs, {.tokens = INT64_MAX}, 1, 0), ConfigError);
  CHECK_THROWS_AS(training_batches(pairs, {.tokens = 7, .pool = 0}, 1, 0), ConfigError);
  CHECK_THROWS_AS(validation_batches(pairs, -7), ConfigError);
  CHECK_THROWS_AS(make_batch(pairs, {0, 3}), IndexError);
  CHECK_THROWS_WITH(make_source_batch({{4, 3}, {}}),
                    "make_source_batch: source sentence 1 has no ids; an empty one is its end "
                    "symbol alone");
  CHECK_THROWS_AS(make_batch({{{}}, {{3}}}, {0}), DataError);
  CHECK_THROWS_AS(make_batch({{{3}}, {{}}}, {0}), DataError);
}
