// A run is gone on with by what it was started with, and by nothing else.
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

Training resumed(const std::string& folder) {
  Training training(folder);
  training.options.use = FolderUse::resume;
  training.options.training.steps = 30;
  return training;
}

/// A task that takes its time to get the second epoch ready, and remembers which it was asked for.
struct SlowTask final : TrainingTask {
  explicit SlowTask(Net& net) : task(net) {}
  std::vector<NamedTensor> parameters() override { return task.parameters(); }
  std::vector<NamedTensor> state() override { return task.state(); }
  void load_state(const std::vector<NamedTensor>& state) override { task.load_state(state); }
  int64_t start_epoch(int64_t epoch) override {
    epochs.push_back(epoch);
    if (epoch == 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return task.start_epoch(epoch);
  }
  int64_t tokens(int64_t batch) override { return task.tokens(batch); }
  Tensor loss(int64_t batch) override { return task.loss(batch); }
  Validation validate() override { return task.validate(); }
  NetTask task;
  std::vector<int64_t> epochs;
};

/// A net like `Net`, of another size.
struct OtherNet {
  Linear hidden{7, 13}, output{13, 3};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void members(Members& m) { m("hidden", hidden)("output", output); }
};

}  // namespace

TEST_CASE("resuming with other settings is refused and says which, and the net stays as it is") {
  TemporaryFolder folder;
  Training(folder / "run").run();
  const auto refused = [&](const std::string& what, auto change) {
    INFO(what);
    Training training = resumed(folder / "run");
    change(training.options.training);
    Net net;
    NetTask task(net);
    const std::vector<float> before = net.hidden.weight.tensor().to_vector<float>();
    const Generator generator = default_generator();
    CHECK_THROWS_AS(Trainer(task, training.options), ConfigError);
    CHECK_THROWS_WITH(
        Trainer(task, training.options),
        Contains("cannot be resumed, the run differs: " + what +
                 "; give what it was "
                 "started with (steps, epochs and minutes may differ), or start anew"));
    CHECK(net.hidden.weight.tensor().to_vector<float>() == before);
    CHECK(default_generator().position() == generator.position());
  };
  refused(R"(training.optimizer: "adam" there, "sgd" here)",
          [](TrainingConfig& training) { training.optimizer = OptimizerKind::sgd; });
  refused(R"(training.schedule: "constant" there, "cosine" here)",
          [](TrainingConfig& training) { training.schedule = ScheduleKind::cosine; });
  refused("training.learning_rate: 0.01 there, 1 here; training.clip_norm: 1 there, 0 here",
          [](TrainingConfig& training) { training.learning_rate = 1, training.clip_norm = 0; });
  refused("training.accumulate: 1 there, 4 here",
          [](TrainingConfig& training) { training.accumulate = 4; });
  refused("training.seed: 1 there, 2 here", [](TrainingConfig& training) { training.seed = 2; });
  refused("training.ema: 0 there, 0.9 here", [](TrainingConfig& training) { training.ema = 0.9; });
  CHECK(resumed(folder / "run").run().step == 30);
}

TEST_CASE("resuming with another model is one ConfigError that says what differs") {
  TemporaryFolder folder;
  Training(folder / "run").run();
  OtherNet net;
  const auto loss = [](const OtherNet& other, const Example& e) {
    return mean(square(other(e.x) - e.y));
  };
  ModuleTask task(net, examples(13, 3), examples(2, 5), loss, 17);
  const TrainerOptions options = resumed(folder / "run").options;
  const std::string there = "hidden.weight is [11, 7], expected [13, 7]";
  try {
    Trainer trainer(task, options);
    FAIL("the run was resumed");
  } catch (const ConfigError& error) {
    const std::string said = error.what();
    CHECK_THAT(said, Contains("run: cannot be resumed, the model differs: ") && Contains(there));
    CHECK(said.find(there) == said.rfind(there));
  }
}

TEST_CASE("where no checkpoint is valid the net stays as it is") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  Training(run).run();
  for (const int64_t step : checkpoint_steps(run)) {
    TrainingCheckpoint checkpoint = load_training_checkpoint(checkpoint_path(run, step));
    checkpoint.optimizer.clear();
    save_training_checkpoint(run, checkpoint);
  }
  Net net;
  NetTask task(net);
  const std::vector<float> before = net.hidden.weight.tensor().to_vector<float>();
  CHECK_THROWS_AS(Trainer(task, resumed(run).options), FormatError);
  CHECK(net.hidden.weight.tensor().to_vector<float>() == before);
}

TEST_CASE(
    "each epoch is got ready once, also the one that a run is resumed in, and its time counts") {
  TemporaryFolder folder;
  Training training(folder / "run");
  const auto epochs = [&](int64_t steps) {
    training.options.training.steps = steps;
    Net net;
    SlowTask task(net);
    const TrainingResult result = Trainer(task, training.options).run();
    if (steps > 13) CHECK(result.seconds >= 0.2);  // 13 batches an epoch
    training.options.use = FolderUse::resume;
    return task.epochs;
  };
  CHECK(epochs(7) == std::vector<int64_t>{0});
  CHECK(epochs(9) == std::vector<int64_t>{0});
  CHECK(epochs(20) == std::vector<int64_t>{0, 1});
  CHECK(epochs(28) == std::vector<int64_t>{1, 2});
}

TEST_CASE("a schedule that ends does so with the epochs where no steps are given") {
  Training training("");
  training.options.training.schedule = ScheduleKind::cosine;
  training.options.training.steps = 0;
  training.options.training.epochs = 2;
  training.options.training.accumulate = 2;  // 13 batches: 7 steps an epoch
  const TrainingResult result = training.run();
  CHECK(result.step == 14);
  CHECK(result.schedule_ended);
  CHECK(training.record.rates.at(6) == Approx(0.005));
  CHECK(training.record.rates.at(13) == Approx(0).margin(1e-12));
}

TEST_CASE("a schedule whose end nobody knows is refused before anything is written") {
  TemporaryFolder folder;
  Training(folder / "old").run();
  make_folder(folder / "begun");
  write_file_atomically(folder / "begun/log.jsonl", "");
  const auto refused = [&](const char* name, FolderUse use) {
    Training training(name ? folder / name : "");
    training.options.use = use;
    training.options.training.schedule = ScheduleKind::cosine;
    training.options.training.steps = 0;
    training.options.training.minutes = 1;
    Net net;
    NetTask task(net);
    CHECK_THROWS_WITH(Trainer(task, training.options),
                      Contains("give training.steps, training.epochs or schedule_steps"));
  };
  refused("new", FolderUse::fresh);
  refused("old", FolderUse::overwrite);
  refused("begun", FolderUse::resume);
  refused(nullptr, FolderUse::resume);
  CHECK_FALSE(path_exists(folder / "new"));
  CHECK(checkpoint_steps(folder / "old").back() == 20);
}
