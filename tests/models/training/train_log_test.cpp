#include <catch2/catch.hpp>

#include <cerrno>
#include <limits>

#include "../../../core/error.hpp"
#include "../../../core/files/file_calls.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/training/train_log.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

TEST_CASE("the history is one object a line, appended") {
  TemporaryFolder folder;
  for (const int64_t step : {1, 2}) {
    TrainLog log(folder / "log.jsonl");
    const std::string warning =
        log.line("train").add("step", step).add("loss", 0.1).add("reason", "limit").write();
    CHECK(warning.empty());
  }
  CHECK(read_file(folder / "log.jsonl") ==
        "{\"event\": \"train\", \"step\": 1, \"loss\": 0.1, \"reason\": \"limit\"}\n"
        "{\"event\": \"train\", \"step\": 2, \"loss\": 0.1, \"reason\": \"limit\"}\n");
}

TEST_CASE("the name of a figure may hold quotes: the line stays an object") {
  TemporaryFolder folder;
  TrainLog log(folder / "log.jsonl");
  log.line("valid").add("the \"score\"", 0.5).write();
  CHECK(read_file(folder / "log.jsonl") == "{\"event\": \"valid\", \"the \\\"score\\\"\": 0.5}\n");
}

TEST_CASE("a history that can't be opened is an error, one that is lost later a single warning") {
  TemporaryFolder folder;
  CHECK_THROWS_AS(TrainLog(folder.path()), IoError);
  TrainLog log(folder / "log.jsonl");
  file_ops().write = [](int, const void*, std::size_t) -> int64_t {
    errno = ENOSPC;
    return -1;
  };
  const std::string first = log.line("train").write(), second = log.line("train").write();
  file_ops() = system_file_ops();
  CHECK_THAT(first,
             Contains("log.jsonl") && Contains("No space left") && Contains("training goes on"));
  CHECK(second.empty());
}
