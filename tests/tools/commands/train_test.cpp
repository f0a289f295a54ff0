// The verb train: the same bits whatever happens to its process, and what it refuses.
#include <catch2/catch.hpp>

#include <csignal>

#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"
#include "small_model.hpp"

using Catch::Matchers::Contains;
using heed::folder_entries;
using heed::path_exists;

TEST_CASE("the same command twice, on one thread, and stopped and resumed, leaves the same bits") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const auto weights = [&](const std::string& run) {
    return file_text(folder / (run + "/checkpoints/000008/model.safetensors"));
  };
  CHECK(heed_command(f.train_words(folder / "one", {"--steps", "8", "--threads", "1"})).status ==
        0);
  CHECK(heed_command(f.train_words(folder / "two", {"--steps", "5"})).status == 0);
  const CommandResult resumed =
      heed_command(f.train_words(folder / "two", {"--steps", "8", "--resume", "--threads", "2"}));
  INFO(resumed.err);
  CHECK(resumed.status == 0);
  const std::string straight = file_text(f.folder / "m/checkpoints/000008/model.safetensors");
  CHECK(straight.size() > 1000);
  CHECK(weights("one") == straight);
  CHECK(weights("two") == straight);
  CHECK(folder_entries(folder / "two/checkpoints") == folder_entries(f.folder / "m/checkpoints"));
}

TEST_CASE("signals finish the step and save, and the run goes on to the same bits") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  for (const auto& [signal, status] :
       {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}, std::pair{SIGHUP, 129}}) {
    const std::string run = folder / ("run" + std::to_string(signal));
    const int process =
        start_heed(f.train_words(run, {"--steps", "100000", "--epochs", "100000"}), folder / "err");
    REQUIRE(wait_for_text(run + "/log.jsonl", "\"valid\""));
    ::kill(process, signal);
    CHECK(wait_for(process) == status);
    CHECK_THAT(file_text(folder / "err"), Contains("stopped by a signal"));
    CHECK(heed_command({"translate", run}, "a b\n").status == 0);
    CHECK(folder_entries(run + "/checkpoints").size() >= 1);
  }
}

TEST_CASE("a process that is killed leaves a run that can be resumed") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const std::string run = folder / "run";
  const int process = start_heed(f.train_words(run, {"--steps", "100000"}), folder / "err");
  REQUIRE(wait_for_text(run + "/log.jsonl", "\"step\": 8,"));
  const CommandResult second = heed_command(f.train_words(run, {"--steps", "9", "--resume"}));
  check_refused(second, 2, "in use by pid " + std::to_string(process));
  ::kill(process, SIGKILL);
  CHECK(wait_for(process) == 128 + SIGKILL);
  const CommandResult resumed = heed_command(f.train_words(run, {"--steps", "9", "--resume"}));
  INFO(resumed.err);
  CHECK(resumed.status == 0);
  for (const std::string& name : folder_entries(run + "/checkpoints")) {
    CHECK_FALSE(name.starts_with(".tmp-"));
  }
}

namespace {

struct Refusal {
  Words words;
  int status;
  std::string message;
};

/// One file for each way in which a configuration is none.
void write_bad_configs(const TemporaryFolder& folder) {
  write_text(folder / "list.json", "[1]");
  write_text(folder / "comma.json", "{\n  \"hidden\": 5,\n}\n");
  write_text(folder / "key.json", "{\"hiden\": 5}");
  write_text(folder / "twice.json", "{\"hidden\": 5,\n \"hidden\": 6}");
  write_text(folder / "type.json", "{\"hidden\": \"six\"}");
  write_text(folder / "huge.json", "{\"hidden\": 1e400}");
  write_text(folder / "deep.json", std::string(10000, '['));
  write_text(folder / "large.json", std::string(2 << 20, ' '));
}

}  // namespace

TEST_CASE("train refuses what it can't use, and leaves nothing behind") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const std::string out = folder / "out";
  const auto with = [&](const Words& more) { return heed_command(f.train_words(out, more)); };
  write_bad_configs(folder);
  const Refusal cases[] = {
      {{"--config", folder / "none.json"}, 4, "none.json"},
      {{"--config", folder.path()}, 4, "folder"},
      {{"--config", folder / "comma.json"}, 2, "comma.json:3:1"},
      {{"--config", folder / "key.json"}, 2, "did you mean \"hidden\"?"},
      {{"--config", folder / "twice.json"}, 2, "hidden"},
      {{"--config", folder / "type.json"}, 2, "hidden"},
      {{"--config", folder / "huge.json"}, 2, "huge.json:1:"},
      {{"--config", folder / "deep.json"}, 2, "deeper than 32"},
      {{"--config", folder / "large.json"}, 2, "larger than 1"},
      {{"--config", folder / "list.json"}, 2, "list.json"},
      {{"--set", "hiden=5"}, 2, "did you mean \"hidden\"?"},
      {{"--set", "hidden"}, 2, "KEY=VALUE"},
      {{"--set", "dropout=1.0"}, 2, "dropout"},
      {{"--set", "training.learning_rate=nan"}, 2, "learning_rate"},
      {{"--set", "training.learning_rate=-1"}, 2, "learning_rate"},
      {{"--set", "hidden=2000000000"}, 2, ""},
      {{"--preset", "phrasess"}, 2, "did you mean \"phrases\"?"},
      {{"--data", folder / "none"}, 4, "train.src"},
      {{"--train-src", "/dev/zero"}, 4, "not a regular file"},
      {{"--train-src", folder.path()}, 4, "folder"},
      {{"--train-src", f.folder / "d/valid.src"}, 3, "11"},
      {{"--resume"}, 2, "no run to resume"},
      {{"--resume", "--overwrite"}, 2, "exclude"},
  };
  for (const Refusal& c : cases) {
    check_refused(with(c.words), c.status, c.message);
    CHECK_FALSE(path_exists(out));
  }
  check_refused(heed_command({"train", "--out", out}), 2, "--data");
}

TEST_CASE("text files that can't be used are refused with their place") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const std::string out = folder / "out", file = folder / "text";
  const auto train = [&](const std::string& text) {
    write_text(file, text);
    return heed_command(f.train_words(out, {"--train-src", file, "--train-tgt", file}));
  };
  check_refused(train(""), 3, "0 lines");
  check_refused(train("a\n\xf4\x90\x80\x80\n"), 3, "text:2: byte 0");
  check_refused(train("\x1f\x8b"), 3, "compressed");
  check_refused(train(" \n\n"), 3, "2");
  CHECK_FALSE(path_exists(out));
  CHECK(train("\xef\xbb\xbf"
              "a b\r\nb a\r\n")
            .status == 0);
}

TEST_CASE("a folder that is not empty is left alone unless asked") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const std::string out = folder / "out";
  heed::make_folder(out);
  write_text(out + "/mine.txt", "mine");
  check_refused(heed_command(f.train_words(out, {"--steps", "2"})), 2, "--overwrite");
  CHECK(folder_entries(out) == Words{"mine.txt"});
  write_text(folder / "file", "");
  check_refused(heed_command(f.train_words(folder / "file", {})), 4, "is a file");
  CHECK(heed_command(f.train_words(out, {"--steps", "2", "--overwrite"})).status == 0);
  CHECK(file_text(out + "/mine.txt") == "mine");
  CHECK(path_exists(out + "/model.safetensors"));
  check_refused(heed_command(f.train_words(
                    out, {"--steps", "4", "--resume", "--set", "hidden=7", "--seed", "5"})),
                2, "hidden: 48 there, 7 here");
}

TEST_CASE("a damaged checkpoint is passed over with a warning, and all of them are an error") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  const std::string run = folder / "run";
  shell("cp -r " + (f.folder / "m") + " " + run);
  const std::string newest = run + "/checkpoints/000008/optimizer.safetensors";
  std::string bytes = file_text(newest);
  bytes[bytes.size() / 2] ^= 1;
  write_text(newest, bytes);
  const CommandResult resumed = heed_command(f.train_words(run, {"--steps", "8", "--resume"}));
  CHECK(resumed.status == 0);
  CHECK_THAT(resumed.err, Contains("checkpoint 8 is not valid") &&
                              Contains("optimizer.safetensors: its checksum"));
  CHECK(file_text(run + "/checkpoints/000008/model.safetensors") ==
        file_text(f.folder / "m/checkpoints/000008/model.safetensors"));
  for (const std::string& name : folder_entries(run + "/checkpoints")) {
    write_text(run + "/checkpoints/" + name + "/state.json", "{}");
  }
  check_refused(heed_command(f.train_words(run, {"--steps", "9", "--resume"})), 3,
                "no checkpoint is valid");
}

TEST_CASE("a training that diverges ends with status 5") {
  TemporaryFolder folder;
  const CommandResult result = heed_command(small_model().train_words(
      folder / "run", {"--steps", "300", "--set", "training.optimizer=sgd", "--set",
                       "training.learning_rate=1000", "--set", "training.weight_decay=0.9"}));
  INFO(result.err);
  CHECK(result.status == 5);
  CHECK_THAT(result.err, Contains("heed: error: ") && Contains("not finite"));
}

TEST_CASE("quiet training says nothing") {
  TemporaryFolder folder;
  const CommandResult result =
      heed_command(small_model().train_words(folder / "run", {"--steps", "2", "--quiet"}));
  CHECK(result.status == 0);
  CHECK(result.err.empty());
}

TEST_CASE("on a terminal training redraws one line, without colour where NO_COLOR is set") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  std::string line = "NO_COLOR=1 script -qec '\"" HEED_COMMAND "\"";
  for (const std::string& word : f.train_words(folder / "run", {"--steps", "6"}))
    line += ' ' + word;
  const CommandResult result = shell(line + "' /dev/null");
  CHECK_THAT(result.out, Contains("\r\x1b[K") && Contains("tokens/s"));
  CHECK(result.out.find("\x1b[32m") == std::string::npos);
}
