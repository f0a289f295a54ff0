#include <catch2/catch.hpp>

#include <csignal>

#include <nlohmann/json.hpp>

#include "../../../core/files/files.hpp"
#include "../../../tools/studies/plan.hpp"

#include "../../temporary_folder.hpp"
#include "../text_support.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using heed::path_exists;
using nlohmann::json;

namespace {

using Words = std::vector<std::string>;

/// A study of tiny models on a few sentences.
Words study_words(const std::string& kind, const std::string& out, const Words& more = {}) {
  Words words = {"study", kind,        "--out", out,     "--train",   "120",   "--test",
                 "12",    "--threads", "1",     "--set", "hidden=12", "--set", "d_model=16"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

CommandResult study(const std::string& kind, const std::string& out, const Words& more = {}) {
  return heed_command(study_words(kind, out, more));
}

/// `document` without what a clock measured.
json timeless(const std::string& document) {
  json all = json::parse(document);
  for (json& model : all["models"]) {
    model.erase("seconds");
    model.erase("seconds_per_epoch");
  }
  return all;
}

/// Runs a study that is killed in its second model, stopped by a signal, and then finished.
void run_interrupted(const std::string& kind, const std::string& out, const Words& more) {
  const TemporaryFolder folder;
  const Words words = study_words(kind, out, more);
  const int killed = start_heed(words, folder / "killed");
  REQUIRE(wait_for_text(folder / "killed", "2 of "));
  ::kill(killed, SIGKILL);
  wait_for(killed);
  const int stopped = start_heed(words, folder / "stopped");
  REQUIRE(wait_for_text(folder / "stopped", "step 4 "));
  ::kill(stopped, SIGINT);
  CHECK(wait_for(stopped) == 130);
  CHECK_THAT(file_text(folder / "stopped"), Contains("the same command goes on"));
  CHECK_FALSE(path_exists(out + "/" + kind + ".json"));
  const CommandResult resumed = study(kind, out, more);
  INFO(resumed.err);
  REQUIRE(resumed.status == 0);
}

/// Checks what a study of 12 steps wrote into `out` and said.
void check_length_study(const std::string& said, const std::string& out) {
  const auto plan = heed::tools::study_plan(heed::tools::StudyKind::length);
  const json numbers = json::parse(file_text(out + "/length.json"));
  REQUIRE(numbers["models"].size() == plan.models.size());
  for (const json& model : numbers["models"]) {
    CHECK(model["parameters"].get<int64_t>() > 1000);
    CHECK(model["steps"] == 12);
    REQUIRE(model["points"].size() == 12);
    for (const json& point : model["points"]) {
      CHECK(point["low"].get<double>() <= point["bleu"].get<double>());
      CHECK(point["bleu"].get<double>() <= point["high"].get<double>());
    }
    CHECK(model["points"][0]["length"] == 3);
    CHECK(model["points"][11]["length"] == 58);
    CHECK_THAT(said, Contains(model["name"].get<std::string>()));
  }
  CHECK_THAT(said, Contains("shortest fifth") && Contains("lost"));
  const std::string picture = file_text(out + "/length.svg");
  check_xml(picture);
  CHECK_THAT(picture, Contains("words of the source sentence") && Contains(">Transformer</text>"));
}

}  // namespace

TEST_CASE("study length measures BLEU by length for every model, and goes on where it stopped") {
  TemporaryFolder folder;
  const std::string out = folder / "s", again = folder / "again";
  const Words steps = {"--steps", "12", "--seeds", "2"};
  const CommandResult result = study("length", out, steps);
  INFO(result.err);
  REQUIRE(result.status == 0);
  check_length_study(result.out, out);

  SECTION("a finished study is only shown again") {
    const CommandResult shown = study("length", out, steps);
    CHECK(shown.out == result.out);
    CHECK(shown.err.empty());
  }
  SECTION("a study that is interrupted, twice, ends with the same numbers") {
    run_interrupted("length", again, steps);
    CHECK(timeless(file_text(again + "/length.json")) == timeless(file_text(out + "/length.json")));
  }
  SECTION("another study in its folder is refused, and so is a damaged one") {
    check_refused(study("length", out, {"--steps", "13", "--seeds", "2"}), 2,
                  "steps: 12 there, 13 here");
    check_refused(study("length", out, {"--minutes", "0.01", "--seeds", "1"}), 2, "seeds: 2 there");
    check_refused(study("variants", out, {"--steps", "12"}), 2, "of another kind, length");
    write_text(out + "/parts/transformer-1/test.out", "one line\n");
    check_refused(study("length", out, steps), 3, "1 translations of 12 test sentences");
    write_text(out + "/parts/transformer-1/result.json", "{");
    check_refused(study("length", out, steps), 3, "result.json:1:");
    write_text(out + "/study.json", "[]");
    check_refused(study("length", out, steps), 3, "study.json");
  }
}

TEST_CASE("study variants compares the scores of RNNsearch") {
  TemporaryFolder folder;
  const std::string out = folder / "s";
  const CommandResult result = study("variants", out, {"--minutes", "0.004"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  const auto plan = heed::tools::study_plan(heed::tools::StudyKind::variants);
  const json models = json::parse(file_text(out + "/variants.json"))["models"];
  REQUIRE(models.size() == plan.models.size());
  const std::string picture = file_text(out + "/variants.svg");
  check_xml(picture);
  for (std::size_t i = 0; i < models.size(); ++i) {
    CHECK(models[i]["name"] == plan.models[i].name);
    CHECK(models[i]["steps"] == models[0]["steps"]);
    const bool attends = models[i]["agreement"]["value"].is_number();
    CHECK(attends == (plan.models[i].kind == heed::ModelKind::rnn_search));
    for (const char* measure : {"bleu", "exact", "agreement"}) {
      if (!attends && measure == std::string("agreement")) continue;
      const double value = models[i][measure]["value"].get<double>();
      CHECK(value >= 0);
      CHECK(value <= 100);
      CHECK(models[i][measure]["low"].get<double>() <= value);
    }
    CHECK(models[i]["seconds_per_epoch"]["value"].get<double>() > 0);
    CHECK_THAT(picture, Contains(">" + plan.models[i].name + "</text>"));
    CHECK_THAT(result.out, Contains(plan.models[i].name));
  }
}

TEST_CASE("study alignment shows four sentences on one sheet") {
  TemporaryFolder folder;
  const std::string out = folder / "s";
  const CommandResult result = study("alignment", out, {"--steps", "6"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  const json numbers = json::parse(file_text(out + "/alignment.json"));
  REQUIRE(numbers["sentences"].size() == 4);
  for (const json& sentence : numbers["sentences"]) {
    const json& attention = sentence["attention"];
    CHECK(attention["layers"][0]["heads"][0].size() == attention["target"].size());
    CHECK_THAT(sentence["gold"].get<std::string>(), StartsWith("0-0"));
    CHECK_THAT(result.out, Contains(sentence["reference"].get<std::string>()));
  }
  const std::string picture = file_text(out + "/alignment.svg");
  check_xml(picture);
  CHECK_THAT(picture, Contains("weight"));
}

TEST_CASE("study refuses what it can't use, and leaves nothing behind") {
  TemporaryFolder folder;
  const std::string out = folder / "s";
  check_refused(heed_command({"study"}), 2, "STUDY is missing");
  check_refused(heed_command({"study", "length"}), 2, "--out is missing");
  check_refused(study("lenght", out), 2, "did you mean \"length\"?");
  check_refused(study("length", out, {"--steps", "3", "--minutes", "1"}), 2, "exclude each other");
  check_refused(study("length", out, {"--minutes", "nan"}), 2, "--minutes: nan is out of range");
  check_refused(study("length", out, {"--seeds", "0"}), 2, "from 1 to 100");
  check_refused(study("alignment", out, {"--seeds", "2"}), 2, "one model");
  check_refused(study("length", out, {"--set", "hiden=3"}), 2, "did you mean \"hidden\"?");
  check_refused(study("length", out, {"--set", "training.steps=3"}), 2, "a study has its own");
  check_refused(study("length", out, {"--set", "model=transformer"}), 2, "a study has its own");
  check_refused(study("length", out, {"--set", "heads=3"}), 2, "heads: 3 do not divide");
  CHECK_FALSE(path_exists(out));
  check_refused(study("length", "/proc/no/such"), 4, "/proc/no");
  write_text(folder / "file", "");
  check_refused(study("length", folder / "file"), 4, "is a file");
  heed::make_folder(out);
  write_text(out + "/mine.txt", "mine");
  check_refused(study("length", out), 2, "holds no study");
  CHECK(heed::folder_entries(out) == Words{"mine.txt"});
}
