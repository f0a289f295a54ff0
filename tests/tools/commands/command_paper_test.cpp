// The presets named paper, made small, through the command.
#include <catch2/catch.hpp>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Words = std::vector<std::string>;

namespace {

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The models, and the settings that make them small.
const std::vector<std::pair<std::string, Words>> small_models = {
    {"rnn_search", {"embedding=16", "hidden=24", "attention_size=16", "readout_size=16"}},
    {"encoder_decoder", {"embedding=16", "hidden=24", "readout_size=16"}},
    {"transformer",
     {"d_model=16", "heads=2", "feed_forward=32", "training.learning_rate=0.02",
      "training.warmup=5"}}};

/// The loss of the first and of the last validation of a run's history.
std::pair<double, double> losses(const std::string& history) {
  const std::string key = "\"event\": \"valid\"", loss = "\"loss\": ";
  const auto after = [&](std::size_t at) {
    return std::stod(history.substr(history.find(loss, at) + loss.size()));
  };
  return {after(history.find(key)), after(history.rfind(key))};
}

}  // namespace

TEST_CASE("the presets of the papers, made small, train, go on, and translate as they say") {
  TemporaryFolder folder;
  REQUIRE(heed_command({"data", "reverse", "--out", folder / "d", "--train", "400", "--valid", "20",
                        "--test", "5", "--max-length", "4"})
              .status == 0);
  for (const auto& [model, settings] : small_models) {
    const std::string m = folder / model;
    Words train = {"train", "--data",   folder / "d", "--out",
                   m,       "--preset", "paper",      "--model",
                   model,   "--quiet",  "--set",      "training.validate_every=6"};
    for (const std::string& setting : settings) train = with(train, {"--set", setting});
    const CommandResult trained = heed_command(with(train, {"--steps", "12"}));
    INFO(model << ' ' << trained.err);
    REQUIRE(trained.status == 0);
    CHECK(heed_command(with(train, {"--steps", "18", "--resume"})).status == 0);
    const auto [first, last] = losses(file_text(m + "/log.jsonl"));
    CHECK(last < first);
    const bool transformer = model == "transformer";
    const std::string beam = transformer ? "4" : "5";
    CHECK_THAT(
        heed_command({"info", m}).out,
        Contains("\"beam\": " + beam) &&
            Contains(transformer ? "\"length_penalty\": \"wu:0.6\"" : "\"length_penalty\": \"0\""));
    const CommandResult own = heed_command({"translate", m, "--nbest", "3"}, "a b c\n");
    INFO(own.err);
    CHECK(own.status == 0);
    const Words said = transformer ? Words{"--beam", "4", "--length-penalty", "wu:0.6"}
                                   : Words{"--beam", "5", "--length-penalty", "0"};
    CHECK(heed_command(with({"translate", m, "--nbest", "3"}, said), "a b c\n").out == own.out);
    CHECK(heed_command({"translate", m, "--nbest", "3", "--length-penalty", "1"}, "a b c\n").out !=
          own.out);
    const CommandResult many = heed_command({"translate", m, "--nbest", "6"}, "a\n");
    CHECK(many.status == 2);
    CHECK_THAT(many.err, Contains("--nbest 6 is more than --beam " + beam));
  }
}
