#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>

#include "../../../core/error.hpp"
#include "../../../models/config/config.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

std::string refusal(const std::string& json) {
  Config config;
  try {
    apply_json(config, json, "c.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("how a model is searched stands in its configuration and reads back") {
  Config config, copy;
  config.set_vocabularies(23, 19);
  apply_json(config, R"({"search": {"beam": 4, "length_penalty": "wu:0.6"}})", "c.json");
  apply_setting(config, "search.max_length_factor=1.5");
  apply_setting(config, "search.max_length_offset=50");
  CHECK(config.search.beam == 4);
  CHECK(config.search.length_penalty.wu);
  CHECK(config.search.length_penalty.alpha == 0.6);
  CHECK(max_words(config.search, 1 + 3) == 54);
  CHECK_THAT(to_json(config), Contains("\"length_penalty\": \"wu:0.6\""));
  apply_json(copy, to_json(config), "config.json");
  CHECK(differences(config, copy).empty());
  const auto lines = differences(Config(), config);
  REQUIRE(lines.size() == 6);
  CHECK_THAT(lines[3], Contains("search.length_penalty: \"1\" there, \"wu:0.6\" here"));
  apply_setting(config, "search.length_penalty=0");
  CHECK_FALSE(config.search.length_penalty.wu);
  CHECK(config.search.length_penalty.alpha == 0);
}

TEST_CASE("a length penalty may be a plain number, and is written as a string") {
  for (const auto& [json, written] : {std::pair{"0.6", "0.6"},
                                      {"2", "2"},
                                      {"0", "0"},
                                      {"-0", "0"},
                                      {"1e1", "10"},
                                      {"-0.0", "0"},
                                      {"\"0.6\"", "0.6"}}) {
    INFO(json);
    Config config;
    config.search.length_penalty = {.alpha = 3, .wu = true};
    apply_json(config, R"({"search": {"length_penalty": )" + std::string(json) + "}}", "c.json");
    CHECK_FALSE(config.search.length_penalty.wu);
    CHECK_THAT(to_json(config), Contains("\"length_penalty\": \"" + std::string(written) + "\""));
  }
}

TEST_CASE("a wrong key or value of the search is refused with its place") {
  CHECK_THAT(refusal("{\"search\": {\n  \"length_penalty\": \"wv:1\"}}"),
             Contains("c.json:2:") && Contains("search.length_penalty: expects a number from 0 to "
                                               "10, or wu: and such a number, got \"wv:1\""));
  for (const char* bad : {"", "wu:", "wu:x", "11", "-1", "nan", "inf", "1 ", "1e400", "wu:wu:1"}) {
    INFO(bad);
    CHECK_THAT(refusal(R"({"search": {"length_penalty": ")" + std::string(bad) + "\"}}"),
               Contains("search.length_penalty: expects"));
  }
  for (const char* bad : {"11", "-1", "true", "null", "[1]", "{}", "1e300"}) {
    INFO(bad);
    CHECK_THAT(refusal(R"({"search": {"length_penalty": )" + std::string(bad) + "}}"),
               Contains("search.length_penalty: expects a number from 0 to 10, or wu:"));
  }
  CHECK_THAT(refusal(R"({"search": {"beem": 4}})"), Contains("did you mean \"beam\""));
  CHECK_THAT(refusal(R"({"search": {"beam": 0}})"), Contains("search.beam"));
  CHECK_THAT(refusal(R"({"search": {"max_length_offset": 0}})"), Contains("max_length_offset"));
  CHECK_THAT(refusal(R"({"search": {"max_length_factor": -1}})"), Contains("max_length_factor"));
  CHECK_THAT(refusal(R"({"search": 4})"), Contains("object"));
  Config config;
  CHECK_THROWS_WITH(apply_setting(config, "search.beem=4"), Contains("\"search.beam\""));
}

TEST_CASE("a config.json from before there were keys of the search loads with their defaults") {
  TemporaryFolder folder;
  std::ofstream(folder / "config.json")
      << R"({"format": "heed", "version": 1, "model": "encoder_decoder", "source_vocab": 23,
             "target_vocab": 19, "embedding": 5, "hidden": 7, "readout_size": 3,
             "training": {"optimizer": "adam"}, "data": {}})";
  const Config config = load_config(folder / "config.json");
  CHECK(config.search.beam == 5);
  CHECK(to_string(config.search.length_penalty) == "1");
  CHECK(max_words(config.search, 1 + 7) == 24);
  CHECK(config.training.batch_sentences == 0);
  CHECK(config.training.initialisation == Initialisation::standard);
}

TEST_CASE("a batch needs a limit of tokens or of sentences") {
  Config config = preset("toy");
  config.set_vocabularies(23, 19);
  config.training.batch_tokens = 0;
  CHECK_THROWS_WITH(check(config), Contains("training.batch_tokens: 0, no limit, needs "
                                            "training.batch_sentences above 0"));
  config.training.batch_sentences = 80;
  check(config);
}

TEST_CASE("a length penalty is written in the shortest digits and read back") {
  for (const char* text : {"0", "0.6", "1", "10", "wu:0", "wu:0.6", "wu:10"}) {
    const auto penalty = parse_length_penalty(text);
    REQUIRE(penalty);
    CHECK(to_string(*penalty) == text);
  }
  CHECK(to_string(LengthPenalty{.alpha = -0.0}) == "0");
  CHECK((*parse_length_penalty("2"))(3) == 9);
  CHECK((*parse_length_penalty("wu:2"))(7) == Approx(4));
}
