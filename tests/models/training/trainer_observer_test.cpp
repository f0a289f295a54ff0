// What an observer throws breaks a run off, and the run can go on.
#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>

#include "../../../core/files/files.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;

namespace {

/// Throws once: in its first warning, or when it hears of the validation of a step.
struct Upset final : TrainingObserver {
  explicit Upset(int64_t step = -1) : at(step) {}
  void warn(const std::string&) override {
    if (at < 0) strike();
  }
  void validated(int64_t step, const Validation&, bool) override {
    validations.push_back(step);
    if (step == at) strike();
  }
  void stepped(const TrainingProgress& progress) override {
    if (in_the_way.empty() || progress.step != 20) return;
    remove_path(in_the_way);
    make_folder(in_the_way);
    write_file_atomically(in_the_way + "/file", "");
  }
  void strike() {
    if (!struck) throw(struck = true, std::runtime_error("upset"));
  }
  int64_t at;
  bool struck = false;
  std::vector<int64_t> validations;
  /// A file that is unwritable from step 20 on.
  std::string in_the_way;
};

/// A training whose observer breaks it off once; `between` looks at the task then.
template <class F>
void broken_off(const Training& training, Upset& upset, F between) {
  manual_seed(2);
  Net net;
  NetTask task(net);
  task.scores = training.scores;
  Trainer trainer(task, training.options, &upset);
  CHECK_THROWS_WITH(trainer.run(), "upset");
  between(task);
  CHECK(trainer.run().step == 20);
}

TrainingState last_state(const std::string& run) {
  return load_training_checkpoint(checkpoint_path(run, 20)).state;
}

}  // namespace

TEST_CASE("a validation whose warning made the observer throw is made again, and counts once") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.scores = {std::numeric_limits<double>::quiet_NaN()};
  Upset upset;
  broken_off(training, upset, [](NetTask&) {});
  CHECK(upset.validations == std::vector<int64_t>{6, 12, 18, 20});
  CHECK(last_state(folder / "run").worse_validations == 3);
}

TEST_CASE("a validation that the observer heard of before it threw is not made again") {
  TemporaryFolder folder;
  for (const int64_t step : {6, 12, 20}) {
    Training training(folder / std::to_string(step));
    training.scores = {5};
    Upset upset(step);
    broken_off(training, upset, [](NetTask&) {});
    CHECK(upset.validations == std::vector<int64_t>{6, 12, 18, 20});
    CHECK(last_state(training.options.folder).best_step == 6);
    CHECK(last_state(training.options.folder).worse_validations == 2);
  }
}

TEST_CASE(
    "an observer that throws at a mean that can't be written leaves the last step's weights") {
  TemporaryFolder folder;
  Training training(folder / "run");
  training.options.training.average = 3;
  training.scores = {1, 1, 1, 1, 2};  // steps 6, 12, 18, 20, and the mean
  Upset upset;
  upset.in_the_way = folder / "run/model.safetensors";
  broken_off(training, upset, [&](NetTask& task) {
    const auto last = load_training_checkpoint(checkpoint_path(folder / "run", 20)).model;
    CHECK(tensor_named(task.state(), "hidden.weight").to_vector<float>() ==
          tensor_named(last, "hidden.weight").to_vector<float>());
    remove_path(upset.in_the_way);
  });
  CHECK(path_exists(upset.in_the_way));
}
