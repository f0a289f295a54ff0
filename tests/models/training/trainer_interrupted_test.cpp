// A training that is broken off in its middle, and goes on.
#include <catch2/catch.hpp>

#include <stdexcept>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

/// Where a task throws, counted from 1, once: in this loss, validation, or beginning of an epoch or
/// of a run.
struct Faults {
  int loss = 0, validation = 0, epoch = 0, run = 0;
};

struct FaultyTask final : TrainingTask {
  FaultyTask(Net& net, Faults faults_) : task(net), faults(faults_) {}
  std::vector<NamedTensor> parameters() override { return task.parameters(); }
  std::vector<NamedTensor> state() override { return task.state(); }
  void load_state(const std::vector<NamedTensor>& state) override { task.load_state(state); }
  int64_t start_epoch(int64_t epoch) override {
    strike(faults.epoch);
    return task.start_epoch(epoch);
  }
  int64_t tokens(int64_t batch) override { return task.tokens(batch); }
  Tensor loss(int64_t batch) override {
    Tensor loss = task.loss(batch);  // random numbers are drawn by then
    strike(faults.loss);
    return loss;
  }
  Validation validate() override {
    strike(faults.validation);
    return task.validate();
  }
  std::vector<std::pair<std::string, std::string>> fingerprint() override {
    return task.fingerprint();
  }
  void begin(const std::string&) override { strike(faults.run); }
  static void strike(int& countdown) {
    if (countdown > 0 && --countdown == 0) throw std::runtime_error("unplugged");
  }
  NetTask task;
  Faults faults;
};

/// Runs a training whose task throws once, by `go_on`, which is given the task and the options.
template <class F>
void interrupted(const Training& training, Faults faults, F go_on) {
  manual_seed(2);
  Net net;
  FaultyTask task(net, faults);
  go_on(task, training.options);
}

}  // namespace

TEST_CASE("a run that ended before its first checkpoint can be resumed and starts anew") {
  TemporaryFolder folder;
  Training(folder / "straight").run();
  int number = 0;
  for (const Faults& faults :
       {Faults{.loss = 1}, Faults{.loss = 4}, Faults{.validation = 1}, Faults{.epoch = 2}}) {
    const std::string run = folder / ("run" + std::to_string(++number));
    Training training(run);
    training.options.training.validate_every = 20;
    interrupted(training, faults, [](TrainingTask& task, const TrainerOptions& options) {
      CHECK_THROWS_WITH(Trainer(task, options).run(), "unplugged");
      CHECK_THROWS_WITH(Trainer(task, options), Contains("go on with FolderUse::resume"));
    });
    training.options.use = FolderUse::resume;
    CHECK(training.run().step == 20);
    CHECK_THAT(training.record.notes.at(0), Contains("has no checkpoint yet"));
    CHECK(weights_at(run, 20) == weights_at(folder / "straight", 20));
  }
}

TEST_CASE("an epoch without batches is refused before anything is written") {
  TemporaryFolder folder;
  Training(folder / "run").run();
  Net net;
  ModuleTask task(net, std::vector<Example>{}, {}, loss_of);
  for (const char* name : {"new", "run"}) {
    Training training(folder / name);
    training.options.use = FolderUse::overwrite;
    CHECK_THROWS_WITH(Trainer(task, training.options), Contains("an epoch without batches"));
  }
  CHECK_FALSE(path_exists(folder / "new"));
  CHECK(checkpoint_steps(folder / "run").back() == 20);
}

TEST_CASE("run goes on to the same bits after the task threw in any of its calls") {
  TemporaryFolder folder;
  const auto prepare = [&](const std::string& run) {
    Training training(folder / run);
    training.options.training.accumulate = 2;
    training.options.training.schedule = ScheduleKind::plateau;
    training.options.training.ema = 0.5;
    return training;
  };
  Training straight = prepare("straight");
  const TrainingResult undisturbed = straight.run();
  int number = 0;
  for (const Faults& faults :
       {Faults{.loss = 1}, Faults{.loss = 4}, Faults{.loss = 27}, Faults{.validation = 1},
        Faults{.validation = 2}, Faults{.validation = 4}, Faults{.epoch = 2}, Faults{.epoch = 3}}) {
    INFO(++number);
    const std::string run = "run" + std::to_string(number);
    interrupted(prepare(run), faults, [&](TrainingTask& task, const TrainerOptions& options) {
      Trainer trainer(task, options);
      CHECK_THROWS_WITH(trainer.run(), "unplugged");
      const TrainingResult result = trainer.run();
      CHECK(result.step == 20);
      CHECK(result.best_step == undisturbed.best_step);
    });
    CHECK(checkpoint_steps(folder / run) == checkpoint_steps(folder / "straight"));
    for (const char* file : {"model.safetensors", "optimizer.safetensors"}) {
      CHECK(checkpoint_file(folder / run, 20, file) ==
            checkpoint_file(folder / "straight", 20, file));
    }
    const TrainingState there = load_training_checkpoint(checkpoint_path(folder / run, 20)).state;
    const TrainingState here =
        load_training_checkpoint(checkpoint_path(folder / "straight", 20)).state;
    CHECK(there.generator.position() == here.generator.position());
    CHECK(there.worse_validations == here.worse_validations);
    CHECK(there.best_step == here.best_step);
    CHECK(read_file(folder / (run + "/model.safetensors")) ==
          read_file(folder / "straight/model.safetensors"));
  }
}

TEST_CASE("a run that can't begin again leaves the net and the random numbers as they were") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.run();
  training.options.use = FolderUse::resume;
  interrupted(training, {.run = 1}, [](TrainingTask& task, const TrainerOptions& options) {
    const auto weights = [&] {
      return tensor_named(task.state(), "hidden.weight").to_vector<float>();
    };
    const std::vector<float> before = weights();
    const uint64_t position = default_generator().position();
    CHECK_THROWS_WITH(Trainer(task, options), "unplugged");
    CHECK(weights() == before);
    CHECK(default_generator().seed() == 2);
    CHECK(default_generator().position() == position);
    const Trainer resumed(task, options);
    CHECK(weights() != before);
  });
}

TEST_CASE("a mean of checkpoints whose validation throws leaves the weights of the last step") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 3;
  interrupted(training, {.validation = 5}, [&](TrainingTask& task, const TrainerOptions& options) {
    Trainer trainer(task, options);
    CHECK_THROWS_WITH(trainer.run(), "unplugged");
    const auto last = load_training_checkpoint(folder / "run/checkpoints/000020").model;
    CHECK(tensor_named(task.state(), "hidden.weight").to_vector<float>() ==
          tensor_named(last, "hidden.weight").to_vector<float>());
    CHECK(trainer.run().step == 20);
  });
}

TEST_CASE("run after five steps in a row that are not finite fails at the same step") {
  Training training("");
  manual_seed(2);
  Net net;
  NetTask task(net);
  task.first_bad = 3;
  task.last_bad = 100;
  Trainer trainer(task, training.options);
  CHECK_THROWS_WITH(trainer.run(), Contains("step 7: ") && Contains("5 times in a row"));
  CHECK_THROWS_WITH(trainer.run(), Contains("step 7: ") && Contains("5 times in a row"));
  task.last_bad = 0;
  const TrainingResult result = trainer.run();
  CHECK(result.step == 20);
  CHECK(result.skipped == 4);
}
