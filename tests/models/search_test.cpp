#include "model_support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include <heed/core/error.hpp>

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

constexpr int32_t V = 7;  // the four symbols, and the words 4, 5, 6

/// Log-probabilities of the next word: a pure function of the sentence and of the words so far.
std::vector<float> next_words(int64_t sentence, const std::vector<int32_t>& words) {
  uint64_t key = 1000003 * static_cast<uint64_t>(sentence + 1);
  for (const int32_t word : words) key = key * 31 + static_cast<uint64_t>(word);
  Generator generator(key);
  std::vector<float> p(V);
  double total = 0;
  for (float& one : p) {
    one = static_cast<float>(3 * generator.uniform());
    total += std::exp(static_cast<double>(one));
  }
  for (float& one : p) one -= static_cast<float>(std::log(total));
  return p;
}

/// A decoder that looks its words up, and remembers what it was asked.
class TableDecoder final : public Decoder {
 public:
  explicit TableDecoder(std::vector<int64_t> sentences) {
    for (const int64_t sentence : sentences) rows_.push_back({sentence, {}});
  }
  Tensor step(const Tensor& last) override {
    rows_each_step.push_back(last.size(0));
    const auto ids = last.to_vector<int32_t>();
    REQUIRE(ids.size() == rows_.size());
    std::vector<float> p;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].words.push_back(ids[i]);
      const std::vector<float> row = next_words(rows_[i].sentence, rows_[i].words);
      p.insert(p.end(), row.begin(), row.end());
    }
    return Tensor::from(p, {last.size(0), V});
  }
  void reorder(const Tensor&, const Tensor& rows) override {
    std::vector<Row> next;
    for (const int32_t row : rows.to_vector<int32_t>()) {
      next.push_back(rows_.at(static_cast<std::size_t>(row)));
    }
    rows_ = std::move(next);
  }
  std::vector<int64_t> rows_each_step;

 private:
  struct Row {
    int64_t sentence;
    std::vector<int32_t> words;
  };
  std::vector<Row> rows_;
};

std::vector<std::vector<Hypothesis>> run(const std::vector<int64_t>& sentences,
                                         const SearchOptions& options) {
  TableDecoder decoder(sentences);
  return search(decoder, std::vector<int64_t>(sentences.size(), 2), options);
}

SearchOptions with_beam(int64_t beam, int64_t nbest = 1) {
  SearchOptions options;
  options.beam = beam;
  options.nbest = nbest;
  return options;
}

/// Every finished hypothesis of at most `longest` words with its log-probability.
void enumerate(int64_t sentence, std::vector<int32_t> words, double total, std::size_t longest,
               std::map<std::vector<int32_t>, double>& all) {
  const std::vector<float> p = next_words(sentence, words);
  std::vector<int32_t> ended(words.begin() + 1, words.end());
  ended.push_back(Vocabulary::eos);
  all[ended] = total + static_cast<double>(p[Vocabulary::eos]);
  if (words.size() > longest) return;
  for (const int32_t id : {1, 4, 5, 6}) {
    std::vector<int32_t> longer = words;
    longer.push_back(id);
    enumerate(sentence, longer, total + static_cast<double>(p[static_cast<std::size_t>(id)]),
              longest, all);
  }
}

}  // namespace

TEST_CASE("beam 1 is greedy search: the best word each time") {
  for (int64_t sentence = 0; sentence < 20; ++sentence) {
    std::vector<int32_t> words{Vocabulary::bos};
    double total = 0;
    while (words.back() != Vocabulary::eos) {
      std::vector<float> p = next_words(sentence, words);
      p[Vocabulary::pad] = p[Vocabulary::bos] = -1e9f;
      const bool full = words.size() > 12;
      const auto best = full ? p.begin() + Vocabulary::eos : std::max_element(p.begin(), p.end());
      total += static_cast<double>(*best);
      words.push_back(static_cast<int32_t>(best - p.begin()));
    }
    const Hypothesis found = run({sentence}, with_beam(1))[0][0];
    CHECK(found.ids == std::vector<int32_t>(words.begin() + 1, words.end()));
    CHECK(found.score == Approx(total / static_cast<double>(words.size() - 1)));
  }
}

TEST_CASE("a beam as wide as the tree finds the best of all hypotheses, in order") {
  SearchOptions options = with_beam(400, 10);
  options.max_length = 4;
  options.length_penalty.alpha = GENERATE(0.0, 1.0);
  for (int64_t sentence = 0; sentence < 5; ++sentence) {
    std::map<std::vector<int32_t>, double> all;
    enumerate(sentence, {Vocabulary::bos}, 0, 4, all);
    std::vector<std::pair<double, std::vector<int32_t>>> ranked;
    for (const auto& [ids, total] : all) {
      ranked.push_back({total / std::pow(ids.size(), options.length_penalty.alpha), ids});
    }
    std::sort(ranked.rbegin(), ranked.rend());
    const auto found = run({sentence}, options)[0];
    REQUIRE(found.size() == 10);
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].ids == ranked[i].second);
      CHECK(found[i].score == Approx(ranked[i].first));
    }
  }
}

TEST_CASE("a sentence in a batch gets what it gets alone, and leaves when it is finished") {
  const std::vector<int64_t> sentences{3, 1, 4, 8, 5, 9, 2, 6};
  for (const int64_t beam : {1, 3}) {
    const SearchOptions options = with_beam(beam, beam);
    TableDecoder decoder(sentences);
    const auto together = search(decoder, std::vector<int64_t>(8, 2), options);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const auto alone = run({sentences[i]}, options)[0];
      REQUIRE(alone.size() == together[i].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == together[i][k].ids);
        CHECK(alone[k].score == together[i][k].score);
      }
    }
    const auto& rows = decoder.rows_each_step;
    CHECK(rows[0] == 8);
    CHECK(rows[1] <= 8 * beam);
    CHECK(rows.back() < 8 * beam);
    CHECK(std::is_sorted(rows.rbegin(), rows.rend() - 1));
  }
}

TEST_CASE("search: n-best lists are ranked, without repetition, and sums of their words") {
  for (const auto& list : run({0, 1, 2}, with_beam(5, 5))) {
    CHECK(list.size() == 5);
    for (std::size_t i = 0; i < list.size(); ++i) {
      double total = 0;
      for (const double p : list[i].log_probabilities) total += p;
      CHECK(list[i].log_probabilities.size() == list[i].ids.size());
      CHECK(list[i].score == Approx(total / static_cast<double>(list[i].ids.size())));
      for (std::size_t k = 0; k < i; ++k) {
        CHECK(list[k].score >= list[i].score);
        CHECK(list[k].ids != list[i].ids);
      }
    }
  }
}

TEST_CASE("search: the symbols are never written, and lengths keep their limits") {
  SearchOptions options = with_beam(4, 4);
  options.min_length = 3;
  options.max_length = 5;
  options.unknown = false;
  for (const auto& list : run({0, 1, 2, 3, 4, 5, 6, 7}, options)) {
    for (const Hypothesis& hypothesis : list) {
      CHECK(hypothesis.ids.back() == Vocabulary::eos);
      CHECK(hypothesis.ids.size() >= 4);
      CHECK(hypothesis.ids.size() <= 6);
      for (std::size_t i = 0; i + 1 < hypothesis.ids.size(); ++i) CHECK(hypothesis.ids[i] > 3);
    }
  }
}

TEST_CASE("length penalties are the formulas, with the end symbol counted") {
  CHECK(LengthPenalty{}(7) == 7);
  CHECK(LengthPenalty{0, false}(7) == 1);
  CHECK(LengthPenalty{0.5, false}(9) == Approx(3));
  CHECK(LengthPenalty{0.6, true}(7) == Approx(std::pow(2.0, 0.6)));
  SearchOptions options = with_beam(6);
  options.length_penalty.alpha = 3;
  std::size_t long_ones = 0, short_ones = 0;
  for (const auto& list : run({0, 1, 2, 3, 4, 5}, options)) long_ones += list[0].ids.size();
  options.length_penalty.alpha = -1;
  for (const auto& list : run({0, 1, 2, 3, 4, 5}, options)) short_ones += list[0].ids.size();
  CHECK(long_ones > short_ones);
}

TEST_CASE("search: of equal candidates the one of the better hypothesis and smaller id wins") {
  struct Flat final : Decoder {
    Tensor step(const Tensor& last) override { return Tensor::full({last.size(0), V}, -2); }
    void reorder(const Tensor&, const Tensor&) override {}
  };
  SearchOptions options = with_beam(2, 2);
  options.max_length = 3;
  options.length_penalty.alpha = 0;
  for (int i = 0; i < 3; ++i) {
    Flat decoder;
    const auto found = search(decoder, {2}, options)[0];
    REQUIRE(found.size() == 2);
    CHECK(found[0].ids == std::vector<int32_t>{3});
    CHECK(found[1].ids == std::vector<int32_t>{1, 3});
  }
}

TEST_CASE("search refuses options out of range, and a model that gives no numbers") {
  const auto message = [](SearchOptions options) -> std::string {
    try {
      run({0}, options);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  CHECK_THAT(message(with_beam(0)), Contains("beam 0 is not in [1, 1000]"));
  CHECK_THAT(message(with_beam(100000)), Contains("beam 100000"));
  CHECK_THAT(message(with_beam(3, 4)), Contains("nbest 4 is not in [1, 3]"));
  SearchOptions lengths;
  lengths.min_length = 5;
  lengths.max_length = 4;
  CHECK_THAT(message(lengths), Contains("min_length 5 is above max_length 4"));

  struct Broken final : Decoder {
    Tensor step(const Tensor& last) override { return Tensor::full({last.size(0), V}, NAN); }
    void reorder(const Tensor&, const Tensor&) override {}
  };
  Broken decoder;
  CHECK_THROWS_AS(search(decoder, {2}, with_beam(2)), NumericError);
}
