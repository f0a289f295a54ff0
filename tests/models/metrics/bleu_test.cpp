#include "../../../models/metrics/bleu.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../../../core/error.hpp"
#include "../../../models/metrics/bootstrap.hpp"
#include "../../../models/metrics/chrf.hpp"
#include "../../../models/text/utf8.hpp"

using namespace heed;
using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

namespace {

nlohmann::json reference_data() {
  std::ifstream file(HEED_SOURCE_DIR "/tests/models/metrics/data/bleu.json");
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

BleuOptions options_of(const nlohmann::json& result) {
  return {.tokenizer = bleu_tokenizer(result["tokenize"]), .lowercase = result["lowercase"]};
}

}  // namespace

TEST_CASE("BLEU prints sacreBLEU's line for every reference case", "[bleu]") {
  const nlohmann::json data = reference_data();
  REQUIRE(data["cases"].size() > 20);
  for (const auto& item : data["cases"]) {
    const auto hypotheses = item["hypotheses"].get<Lines>();
    const auto references = item["references"].get<std::vector<Lines>>();
    for (const auto& expected : item["results"]) {
      INFO(item["name"] << " " << expected["tokenize"] << " " << expected["lowercase"]);
      const Bleu bleu = corpus_bleu(hypotheses, references, options_of(expected));
      CHECK(to_string(bleu) == expected["line"].get<std::string>());
      CHECK(bleu.score == Approx(expected["score"].get<double>()).epsilon(1e-13));
      CHECK(std::vector<int64_t>(bleu.counts.begin(), bleu.counts.end()) ==
            expected["counts"].get<std::vector<int64_t>>());
      CHECK(std::vector<int64_t>(bleu.totals.begin(), bleu.totals.end()) ==
            expected["totals"].get<std::vector<int64_t>>());
      CHECK(bleu.signature.rfind(expected["signature"].get<std::string>() + "|version:", 0) == 0);
    }
  }
}

TEST_CASE("every reference line is cut as sacreBLEU does", "[bleu]") {
  const nlohmann::json data = reference_data();
  REQUIRE(data["tokenized"].size() > 20);
  for (const auto& item : data["tokenized"]) {
    for (const char* name : {"13a", "char", "intl"}) {
      INFO(name);
      CHECK(bleu_tokenize(item["line"], bleu_tokenizer(name)) == item[name].get<std::string>());
    }
  }
}

TEST_CASE("chrF prints sacreBLEU's line for every reference case", "[bleu][chrf]") {
  const nlohmann::json data = reference_data();
  for (const auto& item : data["cases"]) {
    const auto hypotheses = item["hypotheses"].get<Lines>();
    const auto references = item["references"].get<std::vector<Lines>>();
    REQUIRE(item["chrf"].size() == 2);
    for (const auto& expected : item["chrf"]) {
      INFO(item["name"] << " " << expected["lowercase"]);
      const Chrf chrf = corpus_chrf(hypotheses, references, {.lowercase = expected["lowercase"]});
      CHECK(to_string(chrf) == expected["line"].get<std::string>());
      CHECK(chrf.score == Approx(expected["score"].get<double>()).epsilon(1e-13));
      CHECK(chrf.signature.rfind(expected["signature"].get<std::string>() + "|version:", 0) == 0);
    }
  }
}

TEST_CASE("intervals are those of sacreBLEU's bootstrap", "[bleu][chrf]") {
  const auto check = [](const auto& score, const nlohmann::json& expected) {
    CHECK(to_string(score) == expected["line"].get<std::string>());
    CHECK(score.signature.rfind(expected["signature"].get<std::string>() + "|version:", 0) == 0);
  };
  const nlohmann::json data = reference_data();
  REQUIRE(data["intervals"].size() == 8);
  for (const auto& item : data["intervals"]) {
    const auto hypotheses = item["hypotheses"].get<Lines>();
    const auto references = item["references"].get<std::vector<Lines>>();
    if (item["name"] == "bleu") {
      check(corpus_bleu(hypotheses, references, {.confidence = true}), item);
    } else {
      check(corpus_chrf(hypotheses, references, {.confidence = true}), item);
    }
  }
  CHECK(corpus_bleu({}, {{}}, {.confidence = true}).confidence.mean == 0);
}

TEST_CASE("resamples are drawn as NumPy's default_rng(12345) does", "[bleu]") {
  ResampleGenerator generator;
  for (const uint32_t expected : {4, 1, 5, 2, 1, 5, 4, 4, 6, 2, 5, 2, 3, 4}) {
    CHECK(generator.below(7) == expected);
  }
}

TEST_CASE("chrF of characters by hand", "[chrf]") {
  CHECK(corpus_chrf({"a b c"}, {{"abc"}}).score == Approx(100));
  CHECK(corpus_chrf({"ab"}, {{"cd"}}).score == 0);
  CHECK(corpus_chrf({""}, {{""}}).score == 0);
  // One order: precision 1, recall 1/2; F = 5 P R / (4 P + R).
  CHECK(corpus_chrf({"a"}, {{"ab"}}).score == Approx(100 * 5 * 0.5 / 4.5));
  // The second reference is the better one.
  CHECK(corpus_chrf({"abcd"}, {{"wxyz"}, {"abcd"}}).score == Approx(100));
}

TEST_CASE("chrF refuses unequal numbers of lines with both counts", "[chrf]") {
  CHECK_THROWS_AS(corpus_chrf({"a"}, {}), DataError);
  CHECK_THROWS_AS(chrf_statistics("a", {}), DataError);
  CHECK_THROWS_WITH(corpus_chrf({"a", "b"}, {{"a"}}),
                    Contains("chrf: 2 hypotheses, but reference 1 has 1 lines"));
}

TEST_CASE("chrF of summed sentence statistics is the corpus chrF", "[chrf]") {
  const Lines hypotheses{"the cat sat on a mat", "it was red"};
  const Lines reference{"the cat sat on the mat", "it was very red"};
  ChrfStatistics sum;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    sum += chrf_statistics(hypotheses[i], {reference[i]});
  }
  CHECK(chrf_score(sum).score == corpus_chrf(hypotheses, {reference}).score);
}

TEST_CASE("lower-casing is that of Python's str.lower", "[bleu][utf8]") {
  const nlohmann::json data = reference_data();
  REQUIRE(data["lowercase"].size() > 20);
  for (const auto& item : data["lowercase"]) {
    CHECK(lowercase(item[0]) == item[1].get<std::string>());
  }
}

TEST_CASE("BLEU of summed sentence statistics is the corpus BLEU", "[bleu]") {
  const Lines hypotheses{"the cat sat on a mat", "it was red"};
  const Lines reference{"the cat sat on the mat", "it was very red"};
  BleuStatistics sum;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    sum += bleu_statistics(hypotheses[i], {reference[i]});
  }
  CHECK(to_string(bleu_score(sum)) == to_string(corpus_bleu(hypotheses, {reference})));
}

TEST_CASE("BLEU refuses unequal numbers of lines with both counts", "[bleu]") {
  CHECK_THROWS_AS(corpus_bleu({"a"}, {}), DataError);
  CHECK_THROWS_WITH(corpus_bleu({"a", "b", "c"}, {{"a", "b", "c"}, {"a", "b"}}),
                    Contains("3 hypotheses, but reference 2 has 2 lines"));
}

TEST_CASE("BLEU's tokenizers go by name", "[bleu]") {
  CHECK(bleu_tokenizer("none") == BleuTokenizer::none);
  for (const std::string& name : bleu_tokenizer_names()) {
    CHECK(to_string(bleu_tokenizer(name)) == name);
  }
  CHECK(bleu_tokenizer_names() == Lines{"none", "13a", "char", "intl"});
  CHECK_THROWS_WITH(bleu_tokenizer("14b"),
                    Contains("unknown tokenizer '14b'; there are none, 13a, char, intl"));
  CHECK_THROWS_AS(bleu_tokenizer(""), ConfigError);
}
