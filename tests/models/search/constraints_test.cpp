#include <catch2/catch.hpp>

#include <set>

#include "search_support.hpp"

using namespace search_support;
using Catch::Matchers::Contains;
using Ids = std::vector<int32_t>;

namespace {

/// Does an n-gram stand twice in `words`?
bool repeats(const Ids& words, std::size_t n) {
  std::set<Ids> seen;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    const auto start = words.begin() + static_cast<std::ptrdiff_t>(i);
    if (!seen.insert(Ids(start, start + static_cast<std::ptrdiff_t>(n))).second) return true;
  }
  return false;
}

/// Every hypothesis of 0 to 5 words without an n-gram twice, and its log-probability.
void enumerate(int64_t sentence, const Ids& words, double total, std::size_t n,
               std::vector<std::pair<double, Ids>>& all) {
  Ids fed{Vocabulary::bos};
  fed.insert(fed.end(), words.begin(), words.end());
  const std::vector<float> p = next_words(sentence, fed);
  Ids ended = words;
  ended.push_back(Vocabulary::eos);
  all.push_back(
      {(total + static_cast<double>(p[Vocabulary::eos])) / static_cast<double>(ended.size()),
       ended});
  if (words.size() == 5) return;
  for (const int32_t id : {1, 4, 5, 6}) {
    Ids longer = words;
    longer.push_back(id);
    if (repeats(longer, n)) continue;
    enumerate(sentence, longer, total + static_cast<double>(p[static_cast<std::size_t>(id)]), n,
              all);
  }
}

SentenceOptions starting_with(const Ids& prefix) { return {prefix, 0}; }

}  // namespace

TEST_CASE("no n-gram stands twice in a hypothesis of any model, where they did before") {
  const auto sources = random_sentences({5, 9, 2}, 23);
  for (const int64_t n : {1, 2, 3}) {
    int64_t before = 0, words = 0;
    for (uint64_t seed = 0; seed < 25; ++seed) {
      const RNNsearch model = random_model(seed);
      SearchOptions options = with_beam(1 + static_cast<int64_t>(seed % 4));
      options.nbest = options.beam;
      if (seed % 5 == 0) options.sampling = Sampling{.temperature = 0.5};
      for (const auto& list : run(model, sources, options)) {
        for (const Hypothesis& h : list)
          before += repeats(words_of(h), static_cast<std::size_t>(n));
      }
      options.no_repeat_ngram = n;
      for (const auto& list : run(model, sources, options)) {
        for (const Hypothesis& h : list) {
          CHECK_FALSE(repeats(words_of(h), static_cast<std::size_t>(n)));
          CHECK(h.ids.back() == Vocabulary::eos);
          words += static_cast<int64_t>(h.ids.size());
        }
      }
    }
    CHECK(before > 10);
    CHECK(words > 100);
  }
}

TEST_CASE("a wide beam without repetition finds the best of all such hypotheses") {
  for (const int64_t n : {1, 2}) {
    SearchOptions options = with_beam(500, 8);
    options.max_length = 5;
    options.no_repeat_ngram = n;
    for (int64_t sentence = 0; sentence < 4; ++sentence) {
      std::vector<std::pair<double, Ids>> all;
      enumerate(sentence, {}, 0, static_cast<std::size_t>(n), all);
      std::sort(all.rbegin(), all.rend());
      const auto found = run({sentence}, options)[0];
      REQUIRE(found.size() == 8);
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(found[i].ids == all[i].second);
        CHECK(found[i].score == Approx(all[i].first));
      }
    }
  }
}

TEST_CASE("an n-gram longer than every hypothesis excludes nothing, and 0 neither") {
  SearchOptions options = with_beam(3, 3);
  const auto free = run({0, 1, 2, 3}, options);
  options.no_repeat_ngram = 13;
  const auto found = run({0, 1, 2, 3}, options);
  for (std::size_t i = 0; i < free.size(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) CHECK(found[i][k].ids == free[i][k].ids);
  }
}

TEST_CASE("a least length that can't be reached without repetition is an error") {
  SearchOptions options = with_beam(2);
  options.no_repeat_ngram = 1;
  options.min_length = 4;  // <unk> and three words
  CHECK(run({0}, options)[0][0].ids.size() == 5);
  options.min_length = 5;
  const std::string expected =
      "sentence 0: after 4 words each other one repeats an n-gram "
      "(no_repeat_ngram 1); a smaller min_length than 5";
  CHECK_THAT(message_of<ConfigError>([&] { run({0}, options); }), Contains(expected));
  options.sampling = Sampling{};
  CHECK_THAT(message_of<ConfigError>([&] { run({0}, options); }), Contains(expected));
}

TEST_CASE("every hypothesis starts with its sentence's prefix, in a batch as alone") {
  const std::vector<Ids> prefixes{{}, {6}, {4, 4, 1, 5}, {5, 6}, {}, {4, 5, 6, 4, 5, 6, 4}};
  const std::vector<int64_t> sentences{0, 1, 2, 3, 4, 5};
  std::vector<SentenceOptions> given;
  for (const Ids& prefix : prefixes) given.push_back(starting_with(prefix));
  for (const bool sample : {false, true}) {
    SearchOptions options = with_beam(4, 4);
    if (sample) options.sampling = Sampling{};
    const auto together = run(sentences, options, given);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const auto alone = run({sentences[i]}, options, {given[i]})[0];
      REQUIRE(together[i].size() == 4);
      for (std::size_t k = 0; k < alone.size(); ++k) {
        const Hypothesis& found = together[i][k];
        CHECK(found.ids == alone[k].ids);
        CHECK(found.score == alone[k].score);
        REQUIRE(found.ids.size() > prefixes[i].size());
        CHECK(std::equal(prefixes[i].begin(), prefixes[i].end(), found.ids.begin()));
        double total = 0;
        for (const double p : found.log_probabilities) total += p;
        CHECK(found.log_probabilities.size() == found.ids.size());
        CHECK(found.score == Approx(total / static_cast<double>(found.ids.size())));
        const std::vector<float> first = next_words(sentences[i], {Vocabulary::bos});
        CHECK(found.log_probabilities[0] ==
              static_cast<double>(first[static_cast<std::size_t>(found.ids[0])]));
      }
    }
  }
}

TEST_CASE("greedy search goes on from the beginning of its own result to the same result") {
  for (uint64_t seed = 0; seed < 15; ++seed) {
    const RNNsearch model = random_model(seed);
    for (const auto& source : random_sentences({4, 2, 7}, 23)) {
      const Hypothesis greedy = run(model, {source}, with_beam(1))[0][0];
      for (std::size_t length = 0; length < greedy.ids.size(); ++length) {
        const Ids prefix(greedy.ids.begin(),
                         greedy.ids.begin() + static_cast<std::ptrdiff_t>(length));
        const Hypothesis found = run(model, {source}, with_beam(1), {starting_with(prefix)})[0][0];
        CHECK(found.ids == greedy.ids);
        CHECK(found.score == greedy.score);
      }
    }
  }
}

TEST_CASE("while all sentences are in their prefixes the decoder has a row for each") {
  TableDecoder decoder({0, 1});
  SearchOptions options = with_beam(3);
  options.min_length = options.max_length = 6;
  search(decoder, {2, 2}, options, {starting_with({4, 5, 6}), starting_with({4, 4})});
  CHECK(decoder.rows_each_step == std::vector<int64_t>{2, 2, 2, 6, 6, 6, 6});
}

TEST_CASE("a prefix counts in the lengths, and may have the longest one") {
  SearchOptions options = with_beam(2, 2);
  options.min_length = 4;
  options.max_length = 5;
  for (const Hypothesis& h : only(run({0}, options, {starting_with({4, 5, 6})}))) {
    CHECK(words_of(h).size() >= 4);
    CHECK(words_of(h).size() <= 5);
  }
  const auto full = run({0}, options, {starting_with({4, 5, 6, 4, 5})})[0];
  REQUIRE(full.size() == 1);
  CHECK(full[0].ids == Ids{4, 5, 6, 4, 5, 3});
  options.sampling = Sampling{};
  CHECK(run({0}, options, {starting_with({4, 5, 6, 4, 5})})[0].size() == 2);
}

TEST_CASE("a prefix may repeat n-grams, what follows it may not") {
  SearchOptions options = with_beam(3, 3);
  options.no_repeat_ngram = 1;
  for (const Hypothesis& h : only(run({0}, options, {starting_with({4, 4, 5})}))) {
    CHECK(std::count(h.ids.begin(), h.ids.end(), 4) == 2);
    CHECK(std::count(h.ids.begin(), h.ids.end(), 5) == 1);
    CHECK(std::count(h.ids.begin(), h.ids.end(), 6) <= 1);
  }
}

TEST_CASE("prefixes that are too long, or no words, are refused") {
  SearchOptions options = with_beam(2);
  options.max_length = 2;
  CHECK_THAT(message_of<DataError>([&] {
               run({0, 1}, options, {{{}, 0}, {{4, 4, 4}, 17}});
             }),
             Contains("the prefix of sentence 17 has 3 words, its maximum length is 2"));
  for (const int32_t id : {0, 2, 3, 7, -1}) {
    CHECK_THAT(message_of<IndexError>([&] { run({0}, options, {starting_with({id})}); }),
               Contains("has the id " + std::to_string(id)));
  }
}
