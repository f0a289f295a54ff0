#include <catch2/catch.hpp>
#include <fstream>
#include <heed/core/error.hpp>
#include <heed/models/bleu.hpp>
#include <heed/models/utf8.hpp>
#include <nlohmann/json.hpp>

using namespace heed;
using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

namespace {

nlohmann::json reference_data() {
  std::ifstream file(HEED_SOURCE_DIR "/tests/models/data/bleu.json");
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

TEST_CASE("13a cuts every reference line as sacreBLEU does", "[bleu]") {
  const nlohmann::json data = reference_data();
  REQUIRE(data["tokenized"].size() > 20);
  for (const auto& item : data["tokenized"]) {
    CHECK(bleu_tokenize(item["line"], BleuTokenizer::v13a) == item["13a"].get<std::string>());
  }
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
  CHECK(to_string(bleu_tokenizer("13a")) == std::string("13a"));
  CHECK_THROWS_WITH(bleu_tokenizer("14b"), Contains("unknown tokenizer '14b'") && Contains("13a"));
  CHECK_THROWS_AS(bleu_tokenizer(""), ConfigError);
}
