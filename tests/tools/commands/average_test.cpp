#include <catch2/catch.hpp>

#include <cstdio>

#include "../../../core/files/files.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using namespace heed;

namespace {

/// A run with four checkpoints, made once.
struct Run {
  Run() {
    heed_command({"data", "reverse", "--out", folder / "d", "--train", "60", "--valid", "7",
                  "--test", "7", "--max-length", "4"});
    trained = heed_command({"train", "--data", folder / "d", "--preset", "toy", "--out",
                            folder / "m", "--steps", "8", "--set", "training.validate_every=2",
                            "--set", "training.average=4", "--set", "training.ema=0.5"});
  }
  TemporaryFolder folder;
  CommandResult trained;
};

const Run& shared_run() {
  static const Run run;
  return run;
}

Array weight(const std::string& folder) {
  for (const NamedTensor& entry : load_weights(folder + "/model.safetensors")) {
    if (entry.name == "generator.weight") return entry.tensor.array();
  }
  FAIL("no generator.weight in " << folder);
  return {};
}

}  // namespace

TEST_CASE("heed average writes the mean of the last checkpoints as a model that translates") {
  const TemporaryFolder& folder = shared_run().folder;
  REQUIRE(shared_run().trained.status == 0);
  CHECK_THAT(shared_run().trained.err, Contains("the mean of the last 4 checkpoints"));
  const CommandResult result =
      heed_command({"average", folder / "m", "--last", "3", "--out", folder / "mean"});
  INFO(result.err);
  REQUIRE(result.status == 0);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Contains("checkpoints 4, 6, 8"));
  const Array mean = weight(folder / "mean");
  std::vector<double> sum(static_cast<std::size_t>(mean.numel()));
  for (const char* step : {"000004", "000006", "000008"}) {
    const std::vector<float> one =
        weight(folder / ("m/checkpoints/" + std::string(step))).to_vector<float>();
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(one[i]);
  }
  const std::vector<float> got = mean.to_vector<float>();
  for (std::size_t i = 0; i < sum.size(); ++i) {
    REQUIRE(got[i] == Approx(sum[i] / 3).epsilon(1e-6).margin(1e-9));
  }
  CHECK(heed_command({"translate", folder / "mean"}, "a b c\n").status == 0);
  for (const char* file : {"config.json", "source.vocab", "target.vocab"}) {
    CHECK(file_text(folder / ("mean/" + std::string(file))) ==
          file_text(folder / ("m/" + std::string(file))));
  }
}

TEST_CASE("heed average refuses what it cannot average, and overwrites nothing") {
  const TemporaryFolder& folder = shared_run().folder;
  const auto refused = [&](const std::vector<std::string>& words, int status,
                           const std::string& text) {
    const CommandResult result = heed_command(words);
    INFO(result.err);
    CHECK(result.status == status);
    CHECK_THAT(result.err, StartsWith("heed: error: ") && Contains(text));
  };
  const std::string m = folder / "m", out = folder / "new";
  refused({"average"}, 2, "MODEL is missing");
  refused({"average", m}, 2, "--out is missing");
  refused({"average", m, "--out", m}, 2, "exists already");
  refused({"average", m, "--out", out, "--last", "1"}, 2, "1 is out of range");
  refused({"average", m, "--out", out, "--last", "-3"}, 2, "-3 is out of range");
  refused({"average", m, "--out", out, "--last", "5"}, 2, "has 4 checkpoints");
  refused({"average", folder / "none", "--out", out}, 4, "none");
  REQUIRE(shell("cp -r '" + m + "' '" + (folder / "broken") + "'").status == 0);
  write_text(folder / "broken/checkpoints/000006/model.safetensors", "x");
  refused({"average", folder / "broken", "--out", out}, 3, "000006/model.safetensors");
  REQUIRE(shell("rm -r '" + (folder / "broken/checkpoints") + "'").status == 0);
  refused({"average", folder / "broken", "--out", out}, 3, "has 0 checkpoints");
  CHECK_FALSE(path_exists(out));
}
