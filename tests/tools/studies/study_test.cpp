#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "../../../core/error.hpp"
#include "../../../models/text/vocabulary.hpp"
#include "../../../tools/studies/reports.hpp"
#include "../../../tools/studies/statistics.hpp"

using namespace heed;
using namespace heed::tools;
using Catch::Contains;

namespace {

Pair pair_of(const std::string& source, Alignment alignment = {}) {
  return {source, source, std::move(alignment)};
}

/// Sentences of 1, 2, ..., n words.
std::vector<Pair> growing(int n) {
  std::vector<Pair> pairs;
  std::string line;
  for (int i = 0; i < n; ++i) {
    line += i == 0 ? "w" : " w";
    pairs.push_back(pair_of(line));
  }
  return pairs;
}

ModelResults results_of(std::vector<std::vector<std::string>> translations) {
  ModelResults model{{.name = "m", .folder = "m", .preset = "toy"}, {}};
  for (auto& lines : translations) {
    model.seeds.emplace_back();
    model.seeds.back().translations = std::move(lines);
  }
  return model;
}

}  // namespace

TEST_CASE("the models that study length compares are about equally large", "[study]") {
  StudyPlan plan = study_plan(StudyKind::length);
  plan.task.train = 3000;
  set_test_size(plan, 12);
  const TaskData data = study_data(plan);
  std::vector<std::string> source, target;
  for (const Pair& pair : data.train) {
    source.push_back(pair.source);
    target.push_back(pair.target);
  }
  const auto tokenizer = make_tokenizer("word");
  double least = HUGE_VAL, most = 0;
  for (const StudyModel& model : plan.models) {
    Config config = study_config(plan, model);
    config.set_vocabularies(Vocabulary::build(source, *tokenizer, 1).size(),
                            Vocabulary::build(target, *tokenizer, 1).size());
    INFO(model.name << " has " << weight_count(config));
    least = std::min(least, weight_count(config));
    most = std::max(most, weight_count(config));
    CHECK(most < 1.1 * least);
  }
}

TEST_CASE("the test sentences of study length are evenly long and unseen", "[study]") {
  StudyPlan plan = study_plan(StudyKind::length);
  plan.task.train = 2000;
  set_test_size(plan, 120);
  const TaskData data = study_data(plan);
  CHECK(data.test.size() == 120);
  for (int64_t from = 1; from <= 60; from += 5) {
    CHECK(sentences_of_length(data.test, from, from + 4).size() == 10);
  }
  std::set<std::string> seen;
  for (const Pair& pair : data.train) seen.insert(pair.source);
  for (const Pair& pair : data.test) CHECK(seen.count(pair.source) == 0);
}

TEST_CASE("models and folders of a study have names of their own", "[study]") {
  for (const std::string& name : study_names()) {
    std::set<std::string> names, folders;
    for (const StudyModel& model : study_plan(study_kind(name)).models) {
      CHECK(names.insert(model.name).second);
      CHECK(folders.insert(model.folder).second);
    }
  }
  CHECK_THROWS_AS(study_kind("lenght"), ConfigError);
}

TEST_CASE("fifths are taken by length, at least one sentence", "[study]") {
  const std::vector<Pair> test = growing(10);
  CHECK(shortest_fifth(test) == Sentences{0, 1});
  CHECK(longest_fifth(test) == Sentences{8, 9});
  CHECK(shortest_fifth(growing(3)) == Sentences{0});
  CHECK(longest_fifth(growing(3)) == Sentences{2});
  CHECK(sentences_of_length(test, 3, 4) == Sentences{2, 3});
}

TEST_CASE("intervals cover the mean, repeat, and vary with sentences and seeds", "[study]") {
  const Sentences four = {0, 1, 2, 3};
  const auto spread = [](std::size_t, const Sentences& s) {
    double sum = 0;
    for (const std::size_t i : s) sum += static_cast<double>(i);
    return sum / static_cast<double>(s.size());
  };
  const Estimate e = estimate(1, four, spread);
  CHECK(e.value == 1.5);
  CHECK(e.low < 1);
  CHECK(e.high > 2);
  CHECK(estimate(1, four, spread).low == e.low);
  const Estimate constant = estimate(2, four, [](std::size_t, const Sentences&) { return 7.0; });
  CHECK(constant.low == 7);
  CHECK(constant.high == 7);
  const auto by_seed = [](std::size_t seed, const Sentences&) { return seed == 0 ? 1.0 : 3.0; };
  const Estimate seeds = estimate(2, four, by_seed);
  CHECK(seeds.value == 2);
  CHECK(seeds.low == 1);
  CHECK(seeds.high == 3);
}

TEST_CASE("measures of translations are those of their sentences", "[study]") {
  const std::vector<Pair> test = {pair_of("a b c d e"), pair_of("f g h i j")};
  ModelResults model = results_of({{"a b c d e", "x"}, {"y", "f g h i j"}});
  CHECK(bleu_measure(model, test)(0, {0}) == Approx(100));
  CHECK(bleu_measure(model, test)(0, {1}) < 1);
  CHECK(exact_measure(model, test)(0, {0, 1}) == 50);
  CHECK(exact_measure(model, test)(1, {1, 1, 0, 1}) == 75);
  CHECK(std::isnan(agreement_measure(model)(0, {0})));
  model.seeds[0].linked = {4, 5};
  model.seeds[0].agreeing = {3, 0};
  CHECK(agreement_measure(model)(0, {0}) == 75);
  CHECK(agreement_measure(model)(0, {0, 1}) == Approx(100.0 * 3 / 9));
}

TEST_CASE("sentences to show have swaps and negations, and a medium length", "[study]") {
  std::vector<Pair> test = {
      pair_of("the cat sleeps here and he sings", {{0, 0}, {1, 1}, {2, 2}, {3, 3}}),
      pair_of("the red cat sleeps here and sings", {{0, 0}, {2, 1}, {1, 2}, {3, 3}}),
      pair_of("she does not see the red cat", {{0, 0}, {2, 1}, {3, 2}, {2, 3}, {6, 4}, {5, 5}}),
      pair_of("red cat", {{1, 0}, {0, 1}}),
      pair_of("she does not see the old cat", {{0, 0}, {2, 1}, {3, 2}, {2, 3}, {5, 4}, {6, 5}}),
  };
  CHECK(telling_sentences(test, 4) == std::vector<std::size_t>{2, 1, 4, 0});
  CHECK(telling_sentences(test, 1) == std::vector<std::size_t>{2});
  CHECK(telling_sentences(test, 9).size() == 5);
}
