#include "search_support.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace search_support;
using Catch::Matchers::Contains;

namespace {

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

/// Sure of five times word 4; next best is always the end.
class SureDecoder final : public Decoder {
 public:
  Tensor step(const Tensor& last) override {
    ++steps_;
    std::vector<float> p;
    for (const int32_t id : last.to_vector<int32_t>()) {
      std::vector<float> row(V, -20);
      row[Vocabulary::eos] = -10;
      const bool goes_on = steps_ <= 5 && (id == Vocabulary::bos || id == 4);
      row[goes_on ? 4 : Vocabulary::eos] = -1e-4f;
      p.insert(p.end(), row.begin(), row.end());
    }
    return Tensor::from(p, {last.size(0), V});
  }
  void reorder(const Tensor&, const Tensor&) override {}

 private:
  int64_t steps_ = 0;
};

}  // namespace

TEST_CASE("a beam does not stop at what ends early while something better is open") {
  for (const int64_t beam : {1, 2, 3, 5}) {
    for (const double alpha : {0.0, 1.0}) {
      SearchOptions options = with_beam(beam);
      options.length_penalty.alpha = alpha;
      SureDecoder decoder;
      const Hypothesis found = search(decoder, {6}, options)[0][0];
      CHECK(found.ids == std::vector<int32_t>{4, 4, 4, 4, 4, Vocabulary::eos});
    }
  }
}

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
  const auto message = [](const SearchOptions& options) {
    return message_of<ConfigError>([&] { run({0}, options); });
  };
  CHECK_THAT(message(with_beam(0)), Contains("beam 0 is not in [1, 1000]"));
  CHECK_THAT(message(with_beam(100000)), Contains("beam 100000"));
  CHECK_THAT(message(with_beam(3, 4)), Contains("nbest 4 is not in [1, 3]"));
  SearchOptions lengths;
  lengths.min_length = 5;
  lengths.max_length = 4;
  CHECK_THAT(message(lengths), Contains("min_length 5 is above max_length 4"));
  for (const double factor : {-1.0, 101.0, double(NAN)}) {
    SearchOptions longest;
    longest.max_length_factor = factor;
    CHECK_THAT(message(longest), Contains("max_length_factor is not in [0, 100]"));
  }
  SearchOptions ngram;
  ngram.no_repeat_ngram = -1;
  CHECK_THAT(message(ngram), Contains("no_repeat_ngram -1 is below 0"));

  struct Broken final : Decoder {
    Tensor step(const Tensor& last) override { return Tensor::full({last.size(0), V}, NAN); }
    void reorder(const Tensor&, const Tensor&) override {}
  };
  Broken decoder;
  CHECK_THROWS_AS(search(decoder, {2}, with_beam(2)), NumericError);
}

TEST_CASE("search refuses sentences without words, and a decoder of the wrong shape") {
  TableDecoder decoder({0, 1});
  CHECK_THAT(message_of<DataError>([&] {
               search(decoder, {2, 0}, with_beam(2));
             }),
             Contains("source length 0 of sentence 1"));
  CHECK_THAT(message_of<ConfigError>([&] {
               search(decoder, {2, 2}, with_beam(2), {SentenceOptions{}});
             }),
             Contains("2 source lengths, 1 sentences"));
  CHECK(search(decoder, {}, with_beam(2)).empty());
  struct Narrow final : Decoder {
    Tensor step(const Tensor&) override { return Tensor::full({1, V}, -2); }
    void reorder(const Tensor&, const Tensor&) override {}
  };
  Narrow narrow;
  CHECK_THAT(message_of<ShapeError>([&] {
               search(narrow, {2, 2}, with_beam(2));
             }),
             Contains("[1, 7], expected [2, vocabulary]"));
}

TEST_CASE("search: a least length above the usual longest one is both") {
  SearchOptions options = with_beam(3, 3);
  options.min_length = 15;  // of one source word come at most 12 words
  CHECK(max_words(options, 2) == 15);
  for (const auto& list : run({0, 1, 2}, options)) {
    REQUIRE(list.size() == 3);
    for (const Hypothesis& hypothesis : list) CHECK(words_of(hypothesis).size() == 15);
  }
  options.min_length = 0;
  CHECK(max_words(options, 2) == 12);
  CHECK(max_words(options, 1) == 10);
  options.max_length_factor = 1.5;
  options.max_length_offset = 4;
  CHECK(max_words(options, 4) == 8);
  options.max_length = 3;
  CHECK(max_words(options, 2) == 3);
}

TEST_CASE("search: rows that stay as they are ask for no reorder") {
  SearchOptions options = with_beam(1);
  options.max_length = options.min_length = 6;
  TableDecoder decoder({0, 1, 2});
  search(decoder, {2, 2, 2}, options);
  CHECK(decoder.rows_each_step == std::vector<int64_t>(7, 3));
  CHECK(decoder.reorders == 0);
}

TEST_CASE("beam 1 of an RNNsearch is a loop that takes the best word") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RNNsearch model = random_model(seed);
    for (const auto& source : random_sentences({4, 1, 7}, 23)) {
      const text::SourceBatch batch = text::make_source_batch({source});
      const auto decoder = model.start_decoder(batch.source, batch.source_keep);
      std::vector<int32_t> words;
      int32_t last = Vocabulary::bos;
      while (last != Vocabulary::eos) {
        auto p = decoder->step(Tensor::from(std::vector<int32_t>{last}, {1})).to_vector<float>();
        p[Vocabulary::pad] = p[Vocabulary::bos] = -INFINITY;
        const bool full = words.size() == 2 * (source.size() - 1) + 10;
        const auto best = std::max_element(p.begin(), p.end()) - p.begin();
        last = full ? Vocabulary::eos : static_cast<int32_t>(best);
        words.push_back(last);
      }
      CHECK(run(model, {source}, with_beam(1))[0][0].ids == words);
    }
  }
}

TEST_CASE("an RNNsearch finds alone what it finds in any batch, with every option") {
  const auto sources = random_sentences({3, 11, 1, 6, 2, 8, 4}, 23);
  SearchOptions options = with_beam(GENERATE(1, 4));
  options.nbest = options.beam;
  options.no_repeat_ngram = GENERATE(0, 2);
  const bool sample = GENERATE(false, true);
  if (sample) options.sampling = Sampling{.temperature = 1.3, .top_k = 9, .top_p = 0.9};
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const RNNsearch model = random_model(seed);
    const auto together = run(model, sources, options);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto alone =
          run(model, {sources[i]}, options, {SentenceOptions{{}, static_cast<int64_t>(i)}})[0];
      REQUIRE(alone.size() == together[i].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == together[i][k].ids);
        CHECK(alone[k].score == Approx(together[i][k].score).epsilon(1e-5));
      }
    }
  }
}
