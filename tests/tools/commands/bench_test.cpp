// The verb `bench`; what it measures is tested in tests/tools/bench.
#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "command_support.hpp"

using Catch::Matchers::Contains;

namespace {

/// The objects that a command wrote, one a line; it must succeed.
std::vector<nlohmann::json> objects_of(const CommandResult& result) {
  INFO(result.err);
  REQUIRE(result.status == 0);
  std::vector<nlohmann::json> objects;
  for (const std::string& line : lines_of(result.out)) {
    objects.push_back(nlohmann::json::parse(line));
  }
  return objects;
}

}  // namespace

TEST_CASE("bench gives a line of JSON for each case and a process to each of several works") {
  const CommandResult result =
      heed_command({"bench", "autograd", "autograd", "--json", "--threads", "1"});
  const std::vector<nlohmann::json> rows = objects_of(result);
  CHECK(result.err == "heed: timing autograd, 1 of 2\nheed: timing autograd, 2 of 2\n");
  REQUIRE(rows.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(rows[i]["work"] == "autograd");
    CHECK(rows[i]["case"] == rows[i % 3]["case"]);
    CHECK(rows[i]["threads"] == 1);
    CHECK(rows[i]["forward_ns"] > 0);
    CHECK(rows[i]["backward_ns"] > 0);
    CHECK(rows[i]["ms_min"].is_null());
    CHECK(rows[i].size() == 16);
  }
  // The most memory of a process never falls.
  CHECK(rows[0]["peak_rss_mb"] < rows[2]["peak_rss_mb"]);
  CHECK(rows[3]["peak_rss_mb"] < rows[2]["peak_rss_mb"]);
}

TEST_CASE("bench starts itself from any folder without a PATH") {
  const CommandResult result =
      shell("cd / && PATH=/nowhere heed bench startup --json --quiet --threads 1");
  CHECK(result.err.empty());
  const std::vector<nlohmann::json> rows = objects_of(result);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0]["case"] == "one sentence");
  CHECK(rows[0]["ms_min"] > 0);
  CHECK(rows[0]["ms_median"] >= rows[0]["ms_min"]);
}

TEST_CASE("bench prints a table for people") {
  const CommandResult result = heed_command({"bench", "autograd", "--quiet"});
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  const std::vector<std::string> lines = lines_of(result.out);
  REQUIRE(lines.size() == 6);
  // The last column is as wide as its numbers.
  CHECK_THAT(lines[0], Contains("work, case               forward ns  backward ns  "));
  CHECK_THAT(lines[0], Catch::Matchers::EndsWith("MB"));
  CHECK_THAT(lines[3], Catch::Matchers::StartsWith("autograd, 4096 elements  "));
}

TEST_CASE("bench says which work failed") {
  const CommandResult result =
      shell("TMPDIR=/nowhere heed bench autograd startup --json --quiet --threads 1");
  CHECK(result.status == 1);
  CHECK(lines_of(result.out).size() == 3);
  CHECK_THAT(result.err, Contains("bench: /nowhere/heed-"));
  CHECK_THAT(result.err, Contains("bench: startup failed (4)"));
}

TEST_CASE("bench refuses words that it does not know, and those that do not fit together") {
  const struct {
    std::vector<std::string> words;
    const char* message;
  } cases[] = {
      {{"atam"}, "unknown work 'atam'; did you mean \"adam\"?"},
      {{"autograd", "bogus"}, "unknown work 'bogus'"},
      {{""}, "unknown work ''"},
      {{"--profile", "rnn_smal"}, "did you mean \"rnn_small\"?"},
      {{"--profile", "adam"}, "adam has no steps of operations; give one of tf_small"},
      {{"--profile", "tf_small", "adam"}, "--profile names the only work; leave out 'adam'"},
      {{"--profile", "tf_small", "--json"}, "--json is for times"},
      {{"--threads", "0"}, "--threads: 0 is out of range"},
      {{"--precision", "half"}, "--precision"},
      {{"--precision", "float32", "tf_small", "adam"}, "adam is no training step; give one of tf_"},
      {{"--precision", "float32", "--profile", "attention"}, "attention is no training step"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> words = {"bench"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    check_refused(heed_command(words), 2, c.message);
  }
}

TEST_CASE("bench in bfloat16 is refused where the processor lacks the instructions") {
  for (const char* words : {"tf_small", "", "--profile rnn_big"}) {
    const CommandResult result =
        shell(std::string("HEED_ISA=avx2 heed bench --precision bfloat16 ") + words);
    check_refused(result, 2, "precision: bfloat16 needs a processor with AVX512_BF16 or AMX-BF16");
  }
}

TEST_CASE("bench finds a full disk at the first line and no reader at the next") {
  const CommandResult full = shell("heed bench autograd autograd --json --quiet > /dev/full");
  check_refused(full, 4, "No space left on device");
  const CommandResult reader =
      shell("set -o pipefail; heed bench autograd autograd --json --quiet | head -1");
  CHECK(reader.status == 141);
  CHECK(lines_of(reader.out).size() == 1);
}
