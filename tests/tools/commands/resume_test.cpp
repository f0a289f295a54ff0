// How a training ends and goes on.
#include <catch2/catch.hpp>

#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;

namespace {

/// Runs lines of a shell in a folder with a small task in d.
struct Place {
  Place() {
    REQUIRE(here("heed data reverse --out d --train 40 --valid 5 --test 5 --max-length 4").status ==
            0);
  }
  CommandResult here(const std::string& line) const {
    return shell("cd '" + folder.path() + "' && " + line);
  }
  std::string weights(const std::string& run, const char* step) const {
    return file_text(folder / (run + "/checkpoints/" + step + "/model.safetensors"));
  }
  TemporaryFolder folder;
  const std::string train =
      "heed train --data d --preset toy --set hidden=13 --set training.validate_every=4 ";
};

}  // namespace

TEST_CASE("resume alone goes on with the run's text, model and settings, from any folder") {
  const Place place;
  REQUIRE(place.here(place.train + "--out straight --steps 9").status == 0);
  REQUIRE(place.here(place.train + "--out m --steps 5").status == 0);
  const std::string model = place.folder / "m";
  const CommandResult resumed = shell("cd / && heed train --resume --steps 9 --out " + model);
  INFO(resumed.err);
  CHECK(resumed.status == 0);
  CHECK(place.weights("m", "000009") == place.weights("straight", "000009"));
  CHECK_THAT(resumed.err, Contains("going on from step 5") && Contains("done: step 9") &&
                              Contains("the limit was steps = 9, of --steps"));

  const CommandResult again = shell("cd / && heed train --resume --out " + model);
  INFO(again.err);
  CHECK(again.status == 0);
  CHECK_THAT(again.err, Contains("nothing left to do: step 9") &&
                            Contains("the limit was steps = 9, of the run; --resume --steps N"));
  CHECK_THAT(again.err, !Contains("valid"));

  const CommandResult other = shell("cd / && heed train --resume --set hidden=5 --out " + model);
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Contains("hidden: 13 there, 5 here"));
}

TEST_CASE("a text whose path leads through a link and back is the one that the system finds") {
  const Place place;
  REQUIRE(place.here("mkdir -p far/inner && mv d far && ln -s far/inner link").status == 0);
  const CommandResult result =
      place.here("heed train --data link/../d --preset toy --steps 1 --out m");
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(shell("cd / && heed train --resume --steps 2 --out " + (place.folder / "m")).status == 0);
}

TEST_CASE("resume alone does not guess the end of a schedule that no checkpoint tells") {
  const Place place;
  const std::string flags =
      "--set training.schedule=cosine --set training.warmup=0 "
      "--set training.steps=20 --steps 2";
  REQUIRE(place.here(place.train + flags + " --out m").status == 0);
  heed::remove_path(place.folder / "m/checkpoints");
  const CommandResult alone = place.here("heed train --resume --out m");
  CHECK(alone.status == 2);
  CHECK_THAT(alone.err, Contains("no checkpoint yet") && Contains("started with"));
  CHECK(place.here(place.train + flags + " --out m --resume").status == 0);
}

TEST_CASE("a run that was killed before it wrote its configuration goes on by its flags") {
  const Place place;
  REQUIRE(place.here("mkdir m && touch m/log.jsonl m/.lock").status == 0);
  const CommandResult resumed = place.here(place.train + "--out m --resume --steps 2");
  INFO(resumed.err);
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.err, Contains("has no checkpoint yet; the run starts from its beginning"));
}

TEST_CASE("the limit that ended a run is named with where it comes from") {
  const Place place;
  const auto ending = [&](const std::string& flags, const std::string& out) {
    const CommandResult result = place.here(place.train + flags + " --out " + out);
    INFO(result.err);
    CHECK(result.status == 0);
    return result.err;
  };
  CHECK_THAT(ending("--epochs 2", "a"), Contains("the limit was epochs = 2, of --epochs"));
  CHECK_THAT(ending("--set training.epochs=1", "b"),
             Contains("epochs = 1, of --set; --resume --epochs N goes on"));
  write_text(place.folder / "c.json", R"({"training": {"steps": 3}})");
  CHECK_THAT(ending("--config c.json", "c"), Contains("steps = 3, of c.json"));
  CHECK_THAT(ending("--set training.validate_every=1", "d1"), Contains(", of the preset toy"));
  CHECK_THAT(ending("--set training.patience=1 --set training.learning_rate=1e-12", "e"),
             Contains("no better model for 1 validations (training.patience)"));
}

TEST_CASE("train tells the words of the validation text that it has never seen") {
  const Place place;
  write_text(place.folder / "d/valid.src", "a b\nnever\tseen\n");
  write_text(place.folder / "d/valid.tgt", "b a\na\n");
  const CommandResult result = place.here(place.train + "--steps 1 --out m");
  CHECK(result.status == 0);
  CHECK_THAT(result.err,
             Contains("1 of 3 source words are unknown") && Contains("a tab parts no words"));
}

TEST_CASE("train says by what the best model is chosen") {
  const Place place;
  const CommandResult result = place.here(place.train + "--steps 4 --out m");
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK_THAT(result.err,
             Contains("the best model is chosen by bleu + exact, then loss\n") &&
                 Contains("the best model (by bleu + exact, then loss), of step 4, is in m"));
}

TEST_CASE("train refuses a wrong value of a key that its model does not have") {
  const CommandResult recurrent =
      shell("heed train --out m --model transformer --set readout_state=old");
  CHECK(recurrent.status == 2);
  CHECK_THAT(recurrent.err, Contains("readout_state: expects one of new, previous, got \"old\""));
  const CommandResult attention =
      shell("heed train --out m --model encoder_decoder --set attention=foo");
  CHECK(attention.status == 2);
  CHECK_THAT(attention.err, Contains("attention: expects one of additive, dot, "));
}

TEST_CASE("set of a key by its initials is refused with the key") {
  const CommandResult result = shell("heed train --out m --set lr=0.1");
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Contains("unknown key \"lr\"; did you mean \"training.learning_rate\"?"));
}

TEST_CASE("resume with a preset says how the run differs and not that the text is missing") {
  const Place place;
  REQUIRE(place.here(place.train + "--out m --steps 2").status == 0);
  const CommandResult other = place.here("heed train --resume --out m --preset tiny");
  CHECK(other.status == 2);
  CHECK_THAT(other.err, Contains("is another run") && Contains("hidden: 13 there"));
}

TEST_CASE("a limit is lifted by 0") {
  const Place place;
  REQUIRE(place.here(place.train + "--out m --epochs 1").status == 0);
  const CommandResult lifted =
      place.here("heed train --resume --out m --epochs 0 --steps 20 --minutes 0");
  INFO(lifted.err);
  CHECK(lifted.status == 0);
  CHECK_THAT(lifted.err, Contains("done: step 20") && Contains("steps = 20, of --steps"));
  CHECK_THAT(place.here("heed train --resume --out m --epochs 0 --steps 0").err,
             Contains("no limit"));
}

TEST_CASE("a schedule that has ended is not offered to go on, and says so when it must") {
  const Place place;
  const CommandResult first =
      place.here(place.train +
                 "--out m --set training.schedule=cosine --set training.warmup=0 "
                 "--set training.steps=6");
  INFO(first.err);
  REQUIRE(first.status == 0);
  CHECK_THAT(first.err, Contains("the schedule of the learning rate ends there too"));
  const CommandResult longer = place.here("heed train --resume --out m --steps 8");
  CHECK(longer.status == 0);
  CHECK_THAT(longer.err, Contains("ended at step 6") && Contains("start anew with more steps"));
}

TEST_CASE("what can never train is refused before a folder is made") {
  const Place place;
  const CommandResult cosine =
      place.here(place.train +
                 "--out m --set training.schedule=cosine --set training.steps=3 "
                 "--set training.warmup=5");
  CHECK(cosine.status == 2);
  CHECK_THAT(cosine.err, Contains("step 3") && Contains("warmup of 5"));
  CHECK_FALSE(heed::path_exists(place.folder / "m"));
  const CommandResult positions = place.here(
      "heed train --data d --model transformer --preset toy --set positions=learned "
      "--set max_length=3 --out m");
  CHECK(positions.status == 2);
  CHECK_THAT(positions.err, Contains("the model takes 3") && Contains("max_length"));
  CHECK_FALSE(heed::path_exists(place.folder / "m"));
}
