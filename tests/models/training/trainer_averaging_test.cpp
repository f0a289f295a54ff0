// What a training makes of several weights: moving average, mean of checkpoints; and the schedule
// that validation drives.
#include <catch2/catch.hpp>

#include "../../../core/parallel.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

Training with_average_of_weights(const std::string& folder) {
  Training training(folder);
  training.options.training.ema = 0.8;
  return training;
}

std::vector<float> numbers(const std::vector<NamedTensor>& named, const std::string& name) {
  for (const NamedTensor& entry : named) {
    if (entry.name == name) return entry.tensor.to_vector<float>();
  }
  FAIL("no tensor " << name);
  return {};
}

}  // namespace

TEST_CASE("a run with a moving average has the same bits after a stop, and on one thread") {
  TemporaryFolder folder;
  const std::string straight = folder / "straight";
  with_average_of_weights(straight).run();
  const auto check_same = [&](const std::string& run) {
    CHECK(weights_at(run, 20) == weights_at(straight, 20));
    CHECK(checkpoint_file(run, 20, "optimizer.safetensors") ==
          checkpoint_file(straight, 20, "optimizer.safetensors"));
    CHECK(read_file(run + "/model.safetensors") == read_file(straight + "/model.safetensors"));
  };
  for (const int64_t stop : {1, 6, 13}) {
    const std::string run = folder / ("stopped" + std::to_string(stop));
    Training first = with_average_of_weights(run);
    first.options.training.steps = stop;
    first.run();
    Training second = with_average_of_weights(run);
    second.options.use = FolderUse::resume;
    second.run();
    check_same(run);
  }
  const int before = threads();
  set_threads(1);
  with_average_of_weights(folder / "one").run();
  set_threads(before);
  check_same(folder / "one");
}

TEST_CASE("with a moving average the shadow is the model, and the checkpoint has both") {
  TemporaryFolder folder;
  Training training = with_average_of_weights(folder / "run"), plain(folder / "plain");
  training.scores = plain.scores = {1, 2, 3, 4};
  training.run();
  plain.run();
  CHECK(weights_at(folder / "run", 20) == weights_at(folder / "plain", 20));
  const TrainingCheckpoint last = load_training_checkpoint(folder / "run/checkpoints/000020");
  const std::vector<float> model =
      numbers(load_weights(folder / "run/model.safetensors"), "hidden.weight");
  CHECK(model == numbers(last.optimizer, "ema.shadow.hidden.weight"));
  CHECK(model != numbers(last.model, "hidden.weight"));
}

TEST_CASE("resuming without the moving average that a run had is refused") {
  TemporaryFolder folder;
  with_average_of_weights(folder / "run").run();
  Training other(folder / "run");
  other.options.use = FolderUse::resume;
  CHECK_THROWS_WITH(other.run(), Contains("training.ema: 0.8 there, 0 here"));
}

TEST_CASE("the mean of the last checkpoints is the model if it is better") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 3;
  training.scores = {1, 1, 1, 1, 2};  // steps 6, 12, 18, 20, and the mean
  const TrainingResult result = training.run();
  CHECK(result.best.score == 2);
  CHECK_THAT(training.record.notes.back(), Contains("last 3 checkpoints is better"));
  CHECK(checkpoint_steps(folder / "run") == std::vector<int64_t>{6, 12, 18, 20});
  std::vector<double> sum(77);
  for (const char* step : {"12", "18", "20"}) {
    const TrainingCheckpoint one =
        load_training_checkpoint(folder / ("run/checkpoints/0000" + std::string(step)));
    const std::vector<float> weights = numbers(one.model, "hidden.weight");
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(weights.at(i));
  }
  const std::vector<float> model =
      numbers(load_weights(folder / "run/model.safetensors"), "hidden.weight");
  for (std::size_t i = 0; i < sum.size(); ++i) {
    CHECK(model[i] == Approx(sum[i] / 3).epsilon(1e-7).margin(1e-12));
  }
}

TEST_CASE("a training that tried the mean of its checkpoints ends with its own last weights") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 3;
  manual_seed(2);
  Net net;
  NetTask task(net);
  task.scores = {1, 1, 1, 1, 2};
  Trainer(task, training.options).run();
  const TrainingCheckpoint last = load_training_checkpoint(folder / "run/checkpoints/000020");
  CHECK(numbers(task.state(), "hidden.weight") == numbers(last.model, "hidden.weight"));
}

TEST_CASE("a mean of checkpoints that is no better leaves the best model") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 2;
  training.scores = {1, 2, 3, 4, 3};
  CHECK(training.run().best.score == 4);
  CHECK(
      numbers(load_weights(folder / "run/model.safetensors"), "hidden.weight") ==
      numbers(load_training_checkpoint(folder / "run/checkpoints/000020").model, "hidden.weight"));
  Training nowhere("");
  nowhere.options.training.average = 2;
  CHECK_THROWS_WITH(nowhere.run(), Contains("average needs a folder"));
}

namespace {

struct Killed {};

/// A task whose process dies in its fifth validation.
struct KilledTask final : TrainingTask {
  explicit KilledTask(Net& net) : task(net) {}
  std::vector<NamedTensor> parameters() override { return task.parameters(); }
  std::vector<NamedTensor> state() override { return task.state(); }
  void load_state(const std::vector<NamedTensor>& state) override { task.load_state(state); }
  int64_t start_epoch(int64_t epoch) override { return task.start_epoch(epoch); }
  int64_t tokens(int64_t batch) override { return task.tokens(batch); }
  Tensor loss(int64_t batch) override { return task.loss(batch); }
  Validation validate() override {
    if (++validations == 5) throw Killed();
    return task.validate();
  }
  std::vector<std::pair<std::string, std::string>> fingerprint() override {
    return task.fingerprint();
  }
  NetTask task;
  int validations = 0;
};

}  // namespace

TEST_CASE("a run that ended before its mean was measured measures it when it is resumed") {
  TemporaryFolder folder;
  Training straight(folder / "straight");
  straight.options.training.average = 3;
  straight.scores = {1, 1, 1, 1, 2};  // steps 6, 12, 18, 20, and the mean
  straight.run();
  Training run(folder / "run");
  run.options.training.average = 3;
  {
    manual_seed(2);
    Net net;
    KilledTask task(net);
    task.task.scores = {1};
    CHECK_THROWS_AS(Trainer(task, run.options).run(), Killed);
  }
  run.options.use = FolderUse::resume;
  run.scores = {2};
  CHECK(run.run().best.score == 2);
  CHECK(read_file(folder / "run/model.safetensors") ==
        read_file(folder / "straight/model.safetensors"));
  // Again: it is the model already, and stays it.
  Training again(folder / "run");
  again.options = run.options;
  again.scores = {2};
  CHECK(again.run().best.score == 2);
  CHECK_THAT(again.record.notes.back(), Contains("as good as the model"));
  CHECK(read_file(folder / "run/model.safetensors") ==
        read_file(folder / "straight/model.safetensors"));
}

TEST_CASE("plateau halves the rate after three validations without a better one, also resumed") {
  TemporaryFolder folder;
  const auto prepare = [](Training& training) {
    training.options.training.schedule = ScheduleKind::plateau;
    training.options.training.validate_every = 2;
    training.options.training.warmup = 2;
  };
  Training straight(folder / "straight");
  prepare(straight);
  straight.scores = {5, 1, 2, 3, 4, 6, 1, 1, 1, 1};
  straight.run();
  const std::vector<double>& rates = straight.record.rates;
  CHECK(rates[0] == 0.005);
  CHECK(rates[7] == 0.01);    // step 8: bad validations at 4 and 6
  CHECK(rates[8] == 0.005);   // step 9: and at 8
  CHECK(rates[17] == 0.005);  // a better one at 12; bad ones at 14, 16
  CHECK(rates[18] == 0.0025);
  Training first(folder / "stopped"), second(folder / "stopped");
  prepare(first);
  prepare(second);
  first.scores = {5, 1, 2};
  first.options.training.steps = 6;
  first.run();
  second.scores = {3, 4, 6, 1, 1, 1, 1};
  second.options.use = FolderUse::resume;
  second.run();
  CHECK(second.record.rates == std::vector<double>(rates.begin() + 6, rates.end()));
  CHECK(weights_at(folder / "stopped", 20) == weights_at(folder / "straight", 20));
}

TEST_CASE("exponential falls to a hundredth at its last step") {
  Training training("");
  training.options.training.schedule = ScheduleKind::exponential;
  training.options.training.warmup = 4;
  training.run();
  CHECK(training.record.rates[3] == Approx(1e-2));
  CHECK(training.record.rates[11] == Approx(1e-3));
  CHECK(training.record.rates[19] == Approx(1e-4));
}

TEST_CASE("Adadelta trains, and a stopped run goes on to the same bits") {
  TemporaryFolder folder;
  const auto prepare = [](Training& training) {
    training.options.training.optimizer = OptimizerKind::adadelta;
    training.options.training.learning_rate = 1;
  };
  Training straight(folder / "straight"), first(folder / "stopped"), second(folder / "stopped");
  for (Training* training : {&straight, &first, &second}) prepare(*training);
  straight.run();
  CHECK(straight.record.held_out.back() < straight.record.held_out.front());
  first.options.training.steps = 7;
  first.run();
  second.options.use = FolderUse::resume;
  second.run();
  CHECK(weights_at(folder / "stopped", 20) == weights_at(folder / "straight", 20));
}

TEST_CASE("a checkpoint that cannot be averaged is a warning, and the run is kept") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 3;
  struct Damage final : TrainingObserver {
    void validated(int64_t step, const Validation&, bool) override {
      if (step == 18) write_file_atomically(path, "{");
    }
    void warn(const std::string& text) override { warnings.push_back(text); }
    std::string path;
    std::vector<std::string> warnings;
  } damage;
  damage.path = folder / "run/checkpoints/000012/MANIFEST.json";
  manual_seed(2);
  Net net;
  NetTask task(net);
  CHECK(Trainer(task, training.options, &damage).run().step == 20);
  REQUIRE(damage.warnings.size() == 1);
  CHECK_THAT(damage.warnings[0], Contains("cannot average: ") && Contains("000012/MANIFEST.json"));
  CHECK(path_exists(folder / "run/model.safetensors"));
}
