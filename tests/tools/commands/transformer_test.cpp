#include <catch2/catch.hpp>

#include <algorithm>

#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using heed::path_exists;

namespace {

using Words = std::vector<std::string>;

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("every verb works with a Transformer") {
  TemporaryFolder folder;
  const std::string d = folder / "d", m = folder / "m";
  REQUIRE(heed_command({"data", "reverse", "--out", d, "--train", "120", "--valid", "11", "--test",
                        "13", "--max-length", "5"})
              .status == 0);
  const Words train = with({"train", "--data", d, "--model", "transformer", "--preset", "toy"},
                           {"--out", m, "--set", "training.validate_every=4", "--set", "tie=all",
                            "--shared-vocabulary", "--steps"});
  const CommandResult trained = heed_command(with(train, {"8"}));
  INFO(trained.err);
  REQUIRE(trained.status == 0);
  CHECK(heed_command(with(train, {"12", "--resume"})).status == 0);

  for (const char* name : {"a.html", "a.svg", "a.json"}) {
    const CommandResult said =
        heed_command({"translate", m, "--attention", folder / name}, "a b c\n\nd\n");
    INFO(said.err);
    CHECK(said.status == 0);
    CHECK(std::count(said.out.begin(), said.out.end(), '\n') == 3);
    CHECK_THAT(file_text(folder / name), Contains("encoder.layers.0.self_attn") &&
                                             Contains("decoder.layers.0.self_attn") &&
                                             Contains("decoder.layers.0.multihead_attn"));
  }
  CHECK_THAT(file_text(folder / "a.json"),
             Contains("\"queries\": \"source\"") && Contains("\"keys\": \"target\""));
  CHECK_THAT(heed_command({"translate", m, "--attention", "-"}, "a b\n").err, Contains("a"));
  const CommandResult score =
      heed_command({"score", m, "--src", d + "/test.src", "--ref", d + "/test.tgt"});
  CHECK(score.status == 0);
  CHECK(std::count(score.out.begin(), score.out.end(), '\n') == 13);
  CHECK_THAT(heed_command({"info", m}).out,
             Contains("\"model\": \"transformer\"") && Contains("in_proj_weight"));
  CHECK(heed_command({"graph", m, "--out", folder / "g.dot"}).status == 0);
  CHECK_THAT(file_text(folder / "g.dot"), Contains("digraph") && Contains("layer_norm"));
}

TEST_CASE("training a Transformer refuses what does not fit together, before it begins") {
  TemporaryFolder folder;
  const std::string d = folder / "d";
  REQUIRE(
      heed_command({"data", "reverse", "--out", d, "--train", "60", "--valid", "5", "--test", "5"})
          .status == 0);
  const Words train = {"train",    "--data", d,         "--out", folder / "m",
                       "--preset", "toy",    "--steps", "1"};
  const auto refused = [&](const Words& more) {
    const CommandResult result = heed_command(with(train, more));
    CHECK(result.status == 2);
    CHECK_FALSE(path_exists(folder / "m/model.safetensors"));
    return result.err;
  };
  CHECK_THAT(refused({"--model", "transformer", "--set", "heads=3"}),
             Contains("heads: 3 do not divide d_model, 32"));
  CHECK_THAT(refused({"--model", "transformer", "--set", "positions=rotari"}),
             Contains("sinusoidal, learned, relative, rotary, alibi"));
  CHECK_THAT(refused({"--model", "transformer", "--set", "heads=4", "--set", "kv_heads=3"}),
             Contains("kv_heads: 3 do not divide heads, 4"));
  CHECK_THAT(refused({"--model", "transformer", "--set", "heads=32", "--set", "positions=rotary"}),
             Contains("rotary needs heads of even size, but d_model / heads is 1"));
  CHECK_THAT(refused({"--model", "transformer", "--set", "window=-2"}), Contains("window"));
  CHECK_THAT(refused({"--model", "transfomer"}), Contains("transformer"));
  CHECK_THAT(refused({"--set", "model=transfomer"}), Contains("did you mean \"transformer\""));
}
