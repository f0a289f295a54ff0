#include <catch2/catch.hpp>

#include <map>
#include <numeric>

#include "search_support.hpp"

using namespace search_support;
using Catch::Matchers::Contains;
using Ids = std::vector<int32_t>;

namespace {

/// `draws` draws of a hypothesis by this sampling.
SearchOptions sampled(const Sampling& sampling, int64_t draws = 1) {
  SearchOptions options = with_beam(1, draws);
  options.sampling = sampling;
  return options;
}

std::vector<double> logs(std::vector<double> probabilities) {
  for (double& p : probabilities) p = std::log(p);
  return probabilities;
}

/// How often each word is drawn by chances that cut [0, 1) into `count` equal parts.
std::vector<double> shares(const std::vector<double>& log_probabilities, const Sampling& sampling,
                           int count = 10000) {
  std::vector<double> result(log_probabilities.size());
  for (int i = 0; i < count; ++i) {
    const int32_t word = draw_word(log_probabilities, sampling, (i + 0.5) / count);
    result.at(static_cast<std::size_t>(word)) += 1.0 / count;
  }
  return result;
}

void check_shares(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(i);
    CHECK(found[i] == Approx(expected[i]).margin(2e-4));
  }
}

}  // namespace

TEST_CASE("words are drawn in proportion to their probability") {
  const std::vector<double> p{0.05, 0.4, 0, 0.25, 0.3};
  check_shares(shares(logs(p), {}), p);
  check_shares(shares(logs({0.1, 0.8, 0, 0.5, 0.6}), {}), {0.05, 0.4, 0, 0.25, 0.3});
  CHECK(draw_word(logs(p), {}, 0) == 0);
  CHECK(draw_word(logs(p), {}, 1 - 1e-16) == 4);
  CHECK(draw_word({-1e30, -INFINITY, NAN}, {}, 0.9) == 0);
  CHECK(draw_word({-INFINITY, -INFINITY}, {}, 0.5) == -1);
  CHECK(draw_word({}, {}, 0.5) == -1);
}

TEST_CASE("the temperature divides the logits") {
  const std::vector<double> p{0.1, 0.2, 0.7};
  check_shares(shares(logs(p), {.temperature = 0.5}), {0.01 / 0.54, 0.04 / 0.54, 0.49 / 0.54});
  const double a = std::sqrt(0.1), b = std::sqrt(0.2), c = std::sqrt(0.7);
  check_shares(shares(logs(p), {.temperature = 2}),
               {a / (a + b + c), b / (a + b + c), c / (a + b + c)});
  check_shares(shares(logs(p), {.temperature = 1e-300}), {0, 0, 1});
}

TEST_CASE("top-k keeps the most probable words, of equal ones the smaller ids") {
  const std::vector<double> p{0.1, 0.2, 0.3, 0.2, 0.2};
  check_shares(shares(logs(p), {.top_k = 3}), {0, 2.0 / 7, 3.0 / 7, 2.0 / 7, 0});
  check_shares(shares(logs(p), {.top_k = 1}), {0, 0, 1, 0, 0});
  check_shares(shares(logs(p), {.top_k = 5}), p);
}

TEST_CASE("top-p keeps the fewest words that reach the probability") {
  const std::vector<double> p{0.125, 0.5, 0.25, 0.125};
  check_shares(shares(logs(p), {.top_p = 0.5}), {0, 1, 0, 0});
  check_shares(shares(logs(p), {.top_p = 0.5001}), {0, 2.0 / 3, 1.0 / 3, 0});
  check_shares(shares(logs(p), {.top_p = 0.76}), {1.0 / 7, 4.0 / 7, 2.0 / 7, 0});
  check_shares(shares(logs(p), {.top_p = 1e-12}), {0, 1, 0, 0});
  check_shares(shares(logs(p), {.top_p = 1}), p);
}

TEST_CASE("temperature, top-k and top-p act in this order") {
  // Squared and of the best three: 1/6, 4/6, 1/6; 0.8 of it are the best two.
  const std::vector<double> p{0.2, 0.4, 0.2, 0.1, 0.1};
  check_shares(shares(logs(p), {.temperature = 0.5, .top_k = 3, .top_p = 0.8}),
               {0.2, 0.8, 0, 0, 0});
}

TEST_CASE("chances are uniform and a function of seed, sentence, draw and step") {
  std::vector<int> bins(10);
  std::map<double, int> seen;
  for (int64_t sentence = 0; sentence < 10; ++sentence) {
    for (int64_t draw = 0; draw < 10; ++draw) {
      for (int64_t step = 0; step < 100; ++step) {
        const double u = uniform(5, {sentence, draw, step});
        CHECK(u == uniform(5, {sentence, draw, step}));
        ++bins.at(static_cast<std::size_t>(10 * u));
        ++seen[u];
      }
    }
  }
  CHECK(seen.size() == 10000);
  for (const int count : bins) CHECK(std::abs(count - 1000) < 150);  // five standard deviations
  CHECK(uniform(5, {1, 2, 3}) != uniform(6, {1, 2, 3}));
}

TEST_CASE("samples are as frequent as the model says") {
  const std::vector<float> p = next_words(3, {Vocabulary::bos});
  for (const double temperature : {1.0, 2.0}) {
    SearchOptions options = sampled({.temperature = temperature, .seed = 7}, 1000);
    options.max_length = 1;
    std::vector<double> expected(V);
    double total = 0;
    for (const int32_t id : {1, 3, 4, 5, 6}) {
      const auto i = static_cast<std::size_t>(id);
      total += expected[i] = std::exp(static_cast<double>(p[i]) / temperature);
    }
    std::vector<double> count(V);
    for (int64_t text = 0; text < 10; ++text) {
      for (const Hypothesis& h : only(run({3}, options, {{{}, text}}))) {
        count[static_cast<std::size_t>(h.ids[0])] += 1;
        CHECK(h.log_probabilities[0] == static_cast<double>(p[static_cast<std::size_t>(h.ids[0])]));
      }
    }
    double chi_square = 0;
    for (const std::size_t i : {1, 3, 4, 5, 6}) {
      const double wanted = 10000 * expected[i] / total;
      chi_square += (count[i] - wanted) * (count[i] - wanted) / wanted;
    }
    CHECK(count[0] + count[2] == 0);
    CHECK(chi_square < 18.5);  // 4 degrees of freedom, exceeded once in a thousand seeds
  }
}

TEST_CASE("draws are ranked by score, whose log-probabilities are the model's own") {
  const auto lists = run({0, 1, 2}, sampled({.temperature = 3, .top_k = 4, .top_p = 0.8}, 20));
  std::map<Ids, int> different;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    REQUIRE(lists[i].size() == 20);
    for (std::size_t k = 0; k < 20; ++k) {
      const Hypothesis& h = lists[i][k];
      if (k > 0) CHECK(lists[i][k - 1].score >= h.score);
      Ids fed{Vocabulary::bos};
      double total = 0;
      for (std::size_t step = 0; step < h.ids.size(); ++step) {
        const auto p = next_words(static_cast<int64_t>(i), fed);
        CHECK(h.log_probabilities[step] ==
              static_cast<double>(p[static_cast<std::size_t>(h.ids[step])]));
        total += h.log_probabilities[step];
        fed.push_back(h.ids[step]);
      }
      CHECK(h.score == Approx(total / static_cast<double>(h.ids.size())));
      ++different[h.ids];
    }
  }
  CHECK(different.size() > 20);
}

TEST_CASE("top-k of 1, a tiny top-p and a tiny temperature are greedy search") {
  const auto sources = random_sentences({5, 2, 8}, 23);
  for (uint64_t seed = 0; seed < 15; ++seed) {
    const RNNsearch model = random_model(seed);
    const auto greedy = run(model, sources, with_beam(1));
    for (const Sampling& sampling :
         {Sampling{.top_k = 1}, Sampling{.top_p = 1e-9}, Sampling{.temperature = 1e-9}}) {
      const auto found = run(model, sources, sampled(sampling, 2));
      for (std::size_t i = 0; i < sources.size(); ++i) {
        for (const Hypothesis& h : found[i]) {
          CHECK(h.ids == greedy[i][0].ids);
          CHECK(h.score == Approx(greedy[i][0].score).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("the same seed draws the same in every batch, another seed or number something else") {
  std::vector<int64_t> sentences(40);
  std::iota(sentences.begin(), sentences.end(), int64_t{0});
  const SearchOptions options = sampled({.temperature = 1.5, .seed = 3}, 3);
  const auto together = run(sentences, options);
  SearchOptions other = options;
  other.sampling->seed = 4;
  const auto reseeded = run(sentences, other);
  int64_t same_seed = 0, same_number = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto alone = run({sentences[i]}, options)[0];
    const auto renumbered = run({sentences[i]}, options, {{{}, sentences[i] + 1000}})[0];
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(alone[k].ids == together[i][k].ids);
      CHECK(alone[k].score == together[i][k].score);
      CHECK(alone[k].log_probabilities == together[i][k].log_probabilities);
      same_seed += alone[k].ids == reseeded[i][k].ids;
      same_number += alone[k].ids == renumbered[k].ids;
    }
  }
  CHECK(same_seed < 40);
  CHECK(same_number < 40);
}

TEST_CASE("a draw is the same however many are drawn besides") {
  const auto one = run({5}, sampled({.seed = 2}))[0][0];
  const auto many = run({5}, sampled({.seed = 2}, 30))[0];
  CHECK(std::count_if(many.begin(), many.end(),
                      [&](const Hypothesis& h) { return h.ids == one.ids; }) >= 1);
}

TEST_CASE("finished draws leave the batch, one draw a sentence needs no reorder until then") {
  TableDecoder decoder({0, 1, 2, 3});
  const auto found = search(decoder, {2, 2, 2, 2}, sampled({}, 5));
  const auto& rows = decoder.rows_each_step;
  CHECK(rows[0] == 4);
  CHECK(rows[1] <= 20);
  CHECK(rows.back() < 20);
  CHECK(std::is_sorted(rows.rbegin(), rows.rend() - 1));
  std::size_t longest = 0;
  for (const auto& list : found) {
    for (const Hypothesis& h : list) longest = std::max(longest, h.ids.size());
  }
  CHECK(rows.size() == longest);

  TableDecoder single({0, 1});
  SearchOptions options = sampled({});
  options.min_length = options.max_length = 5;
  search(single, {2, 2}, options);
  CHECK(single.reorders == 0);
}

TEST_CASE("excluded words are not drawn, and take nothing from a nucleus") {
  SearchOptions options = sampled({.top_p = 0.3}, 50);
  options.unknown = false;
  options.min_length = 2;
  options.max_length = 4;
  options.no_repeat_ngram = 2;
  for (const auto& list : run({0, 1, 2, 3, 4, 5, 6, 7}, options)) {
    REQUIRE(list.size() == 50);
    for (const Hypothesis& h : list) {
      CHECK(h.ids.size() >= 3);
      CHECK(h.ids.size() <= 5);
      for (const int32_t id : words_of(h)) CHECK(id > 3);
    }
  }
}

TEST_CASE("sampling refuses values out of range, and more words than there are") {
  const auto message = [](const Sampling& sampling) {
    return message_of<ConfigError>([&] { run({0}, sampled(sampling)); });
  };
  CHECK_THAT(message({.temperature = 0}), Contains("temperature 0 is not a number above 0"));
  CHECK_THAT(message({.temperature = -1}), Contains("temperature -1"));
  CHECK_THAT(message({.temperature = NAN}), Contains("temperature nan"));
  CHECK_THAT(message({.temperature = INFINITY}), Contains("temperature inf"));
  CHECK_THAT(message({.top_p = 0}), Contains("top_p 0 is not in (0, 1]"));
  CHECK_THAT(message({.top_p = 1.5}), Contains("top_p 1.5"));
  CHECK_THAT(message({.top_p = NAN}), Contains("top_p nan"));
  CHECK_THAT(message({.top_k = -1}), Contains("top_k -1 is below 0"));
  CHECK_THAT(message({.top_k = 8}), Contains("top_k 8 is more than the 7 words"));
  CHECK(message({.top_k = 7}) == "nothing");
  CHECK_THAT(message_of<ConfigError>([] { run({0}, sampled({}, 1001)); }),
             Contains("nbest 1001 is not in [1, 1000]"));
  CHECK(run({0}, sampled({}, 7))[0].size() == 7);  // more than the beam
}
