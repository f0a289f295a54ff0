#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <sstream>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/parallel.hpp"
#include "../../../models/training/save.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream in(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Of the batches that `Training` trains on, without dropout.
double loss_of_all(Net& net) {
  const NoGrad no_grad;
  const EvalMode evaluating(net);
  double sum = 0;
  for (const Example& batch : examples(13, 3)) sum += loss_of(net, batch).item();
  return sum;
}

}  // namespace

TEST_CASE("training lowers the loss and leaves a model, checkpoints and a history") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.steps = 120;
  training.options.training.validate_every = 50;
  const TrainingResult result = training.run();
  CHECK(result.step == 120);
  CHECK(result.epoch == 120 / 13);
  CHECK(result.reason == StopReason::limit);
  manual_seed(2);
  Net net;  // as the training begins with it
  const double before = loss_of_all(net);
  load(folder / "run/model.safetensors", net);
  CHECK(loss_of_all(net) < 0.7 * before);
  CHECK(training.record.validations == std::vector<int64_t>{50, 100, 120});
  CHECK(path_exists(folder / "run/model.safetensors"));
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{50, 100, 120});
  const std::vector<std::string> log = lines_of(folder / "run/log.jsonl");
  CHECK_THAT(log.front(), Contains("\"event\": \"train\", \"step\": 50"));
  CHECK_THAT(log.back(), Contains("\"event\": \"stop\", \"step\": 120"));
}

TEST_CASE("two runs, and one on one thread, leave the same bits") {
  TemporaryFolder folder;
  Training(folder / "a").run();
  Training(folder / "b").run();
  const int before = threads();
  set_threads(1);
  Training(folder / "c").run();
  set_threads(before);
  CHECK(weights_at(folder / "a", 20) == weights_at(folder / "b", 20));
  CHECK(weights_at(folder / "a", 20) == weights_at(folder / "c", 20));
}

TEST_CASE("a run that is stopped at any step and resumed leaves the same bits and checkpoints") {
  TemporaryFolder folder;
  Training(folder / "straight").run();
  for (const int64_t stop : {1, 6, 7, 13, 17, 19}) {
    const std::string run = folder / ("stopped" + std::to_string(stop));
    Training first(run);
    first.options.training.steps = stop;
    first.run();
    Training second(run);
    second.options.use = FolderUse::resume;
    CHECK(second.run().step == 20);
    CHECK(weights_at(run, 20) == weights_at(folder / "straight", 20));
    CHECK(checkpoint_steps(run) == checkpoint_steps(folder / "straight"));
    CHECK(read_file(run + "/model.safetensors") ==
          read_file(folder / "straight/model.safetensors"));
  }
}

TEST_CASE("stopping and resuming keeps the schedule, the accumulation and the patience") {
  TemporaryFolder folder;
  const auto prepare = [](Training& training) {
    training.options.training.schedule = ScheduleKind::cosine;
    training.options.training.warmup = 4;
    training.options.training.accumulate = 2;
    training.options.schedule_steps = 40;
    training.options.training.patience = 3;
  };
  Training straight(folder / "straight");
  prepare(straight);
  straight.run();
  Training first(folder / "stopped"), second(folder / "stopped");
  prepare(first);
  prepare(second);
  first.options.training.steps = 9;
  first.run();
  second.options.use = FolderUse::resume;
  second.run();
  CHECK(weights_at(folder / "stopped", 20) == weights_at(folder / "straight", 20));
  CHECK(second.record.rates.back() == straight.record.rates.back());
}

TEST_CASE("resuming a finished run changes nothing, and more epochs go on") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.steps = 0;
  training.options.training.epochs = 2;
  CHECK(training.run().step == 26);
  training.options.use = FolderUse::resume;
  const std::string before = weights_at(folder / "run", 26);
  CHECK(training.run().step == 26);
  CHECK(weights_at(folder / "run", 26) == before);
  training.options.training.epochs = 3;
  CHECK(training.run().step == 39);
}

TEST_CASE("training stops when validation gets no better, and keeps the best model") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.steps = 1000;
  training.options.training.patience = 3;
  training.scores = {1, 3, 2, 2, 1};
  const TrainingResult result = training.run();
  CHECK(result.reason == StopReason::patience);
  CHECK(result.step == 5 * 6);
  CHECK(result.best_step == 2 * 6);
  CHECK(result.best.score == 3);
}

TEST_CASE("a step whose loss is not finite is left out, counted and reported once") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.first_bad = 3;
  training.last_bad = 6;
  CHECK(training.run().skipped == 4);
  REQUIRE(training.record.warnings.size() == 1);
  CHECK_THAT(training.record.warnings[0], Contains("step 3: the loss is not finite"));
  CHECK_THAT(training.record.warnings[0], Contains("the result of mul [] has a NaN"));
  for (const NamedTensor& entry :
       load_training_checkpoint(folder / "run/checkpoints/000020").model) {
    CHECK(std::isfinite(sum(entry.tensor).item()));
  }
}

TEST_CASE("looking for the operation of a step that is left out draws no random number") {
  TemporaryFolder folder;
  Training good(folder / "good"), bad(folder / "bad");
  bad.first_bad = bad.last_bad = 3;
  good.run();
  CHECK(bad.run().skipped == 1);
  const auto position = [&](const char* run) {
    return load_training_checkpoint(folder / (std::string(run) + "/checkpoints/000020"))
        .state.generator.position();
  };
  CHECK(position("good") == position("bad"));
}

TEST_CASE("a step whose gradient is not finite names the parameter and the operation") {
  struct Root {  // its derivative at 0 is infinite, times 0: NaN
    Parameter w{Tensor::zeros({3})};
    void members(Members& m) { m("w", w); }
  } net;
  const auto loss = [](const Root& root, int) { return sum(sqrt(root.w) * 0.0); };
  ModuleTask task(net, std::vector<int>{1}, {}, loss);
  Record record;
  Trainer trainer(task, {.training = {.epochs = 0, .steps = 9}, .catch_signals = false}, &record);
  CHECK_THROWS_WITH(trainer.run(), Contains("step 5: the gradient of w is not finite") &&
                                       Contains("sqrt") && Contains("5 times in a row"));
  REQUIRE(record.warnings.size() == 1);
  CHECK_THAT(record.warnings[0], Contains("step 1: the gradient of w") && Contains("sqrt"));
}

TEST_CASE("a loss that overflows names the operation whose result is infinite") {
  struct Steep {
    Parameter w{Tensor::ones({3})};
    void members(Members& m) { m("w", w); }
  } net;
  const auto loss = [](const Steep& steep, int) { return sum(exp(steep.w * 1e4) * 2.0); };
  ModuleTask task(net, std::vector<int>{1}, {}, loss);
  Record record;
  Trainer trainer(task, {.training = {.epochs = 0, .steps = 1}, .catch_signals = false}, &record);
  trainer.run();
  REQUIRE(record.warnings.size() == 1);
  CHECK_THAT(record.warnings[0], Contains("step 1: the loss is not finite (the result of exp [3] "
                                          "has an infinity at [0])"));
}

TEST_CASE("five steps in a row that are not finite end the training and keep the checkpoint") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.first_bad = 8;
  training.last_bad = 100;
  CHECK_THROWS_WITH(training.run(), Contains("5 times in a row") && Contains("step 12") &&
                                        Contains("the result of mul"));
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{6});
}

TEST_CASE("a signal finishes the step and saves, and the run can be resumed to the same bits") {
  TemporaryFolder folder;
  Training(folder / "straight").run();
  Training training(folder / "run");
  training.options.catch_signals = true;
  struct Raise final : TrainingObserver {
    void stepped(const TrainingProgress& progress) override {
      if (progress.step == 9) std::raise(SIGTERM);
    }
  } raise;
  {
    manual_seed(2);
    Net net;
    NetTask task(net);
    const TrainingResult result = Trainer(task, training.options, &raise).run();
    CHECK(result.signal == SIGTERM);
    CHECK(result.step == 9);
  }
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{6, 9});
  training.options.use = FolderUse::resume;
  training.run();
  CHECK(weights_at(folder / "run", 20) == weights_at(folder / "straight", 20));
}

TEST_CASE("minutes bound the time of the steps") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.steps = 0;
  training.options.training.minutes = 0.001;
  const TrainingResult result = training.run();
  CHECK(result.seconds >= 0.06);
  CHECK(result.step > 0);
}

TEST_CASE("a trainer without a folder writes nothing") {
  Training training("");
  CHECK(training.run().step == 20);
}

TEST_CASE("options that make no sense are refused") {
  Training training("");
  training.options.training.steps = 0;
  CHECK_THROWS_WITH(training.run(), Contains("no limit"));
  training.options.training.steps = 5;
  training.options.keep = 1;
  CHECK_THROWS_AS(training.run(), ConfigError);
}

TEST_CASE("resuming with other data lists the difference") {
  TemporaryFolder folder;
  Training(folder / "run").run();
  Training other(folder / "run");
  other.options.use = FolderUse::resume;
  other.data = "xyz";
  CHECK_THROWS_WITH(other.run(), Contains("data: abc there, xyz here"));
}

TEST_CASE("a folder that is not empty is refused, resumed or cleared as asked") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.run();
  write_file_atomically(folder / "run/notes.txt", "mine");
  CHECK_THROWS_WITH(training.run(),
                    Contains("FolderUse::resume") && Contains("FolderUse::overwrite"));
  training.options.use = FolderUse::overwrite;
  training.options.training.steps = 3;
  training.run();
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{3});
  CHECK(path_exists(folder / "run/notes.txt"));
  training.options.folder = folder / "none";
  training.options.use = FolderUse::resume;
  CHECK_THROWS_WITH(training.run(), Contains("has no run to resume"));
}

TEST_CASE("a second trainer of the same folder is refused") {
  TemporaryFolder folder;
  make_folder(folder / "run");
  FolderLock lock(folder / "run");
  CHECK_THROWS_WITH(Training(folder / "run").run(), Contains("in use by pid"));
}
