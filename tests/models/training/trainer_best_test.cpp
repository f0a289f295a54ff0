// The best model of a run: what lies in the folder is only ever replaced by a better one.
#include <catch2/catch.hpp>

#include <csignal>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

/// A run to `steps` whose validations find these scores, one after the other.
Training with_scores(const std::string& folder, int64_t steps, std::vector<double> scores,
                     FolderUse use = FolderUse::fresh) {
  Training training(folder);
  training.options.training.steps = steps;
  training.options.use = use;
  training.scores = std::move(scores);
  return training;
}

std::string model_of(const std::string& run) { return read_file(run + "/model.safetensors"); }

/// Makes the best model of a run unwritable from one step on, until another.
struct Obstacle final : TrainingObserver {
  Obstacle(std::string run, int64_t from_, int64_t to_)
      : path(std::move(run) + "/model.safetensors"), from(from_), to(to_) {}
  void stepped(const TrainingProgress& progress) override {
    if (progress.step == from) {
      remove_path(path);
      make_folder(path);
      write_file_atomically(path + "/in the way", "");
    }
    if (progress.step == to) remove_path(path);
  }
  void warn(const std::string& text) override { warnings.push_back(text); }
  std::string path;
  int64_t from, to;
  std::vector<std::string> warnings;
};

TrainingResult run_with(const Training& training, TrainingObserver& observer) {
  manual_seed(2);
  Net net;
  NetTask task(net);
  task.scores = training.scores;
  return Trainer(task, training.options, &observer).run();
}

}  // namespace

TEST_CASE("a resumed run does not replace the model of an irregular last step by a worse one") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  const TrainingResult first = with_scores(run, 9, {70, 100}).run();
  CHECK(first.best.score == 100);
  const std::string model = model_of(run);
  Training second = with_scores(run, 20, {81, 60, 50}, FolderUse::resume);
  const TrainingResult result = second.run();
  CHECK(model_of(run) == model);
  CHECK(result.best.score == 100);
  CHECK(result.best_step == 9);

  // What steers the training is what a run that was never stopped has.
  const std::string straight = folder / "straight";
  with_scores(straight, 20, {70, 81, 60, 50}).run();
  CHECK(weights_at(run, 20) == weights_at(straight, 20));
  CHECK(checkpoint_file(run, 20, "optimizer.safetensors") ==
        checkpoint_file(straight, 20, "optimizer.safetensors"));
  const TrainingState state = load_training_checkpoint(run + "/checkpoints/000020").state;
  CHECK(state.best_step == 12);
  CHECK(state.best_score == 81);
  CHECK(state.worse_validations == 1);
}

TEST_CASE("patience goes by the regular validations, wherever the run was stopped") {
  TemporaryFolder folder;
  const auto patient = [](Training training) {
    training.options.training.patience = 2;
    return training.run();
  };
  const TrainingResult straight = patient(with_scores(folder / "a", 100, {70, 75, 74, 76, 75, 75}));
  patient(with_scores(folder / "b", 9, {70, 90}));
  const TrainingResult resumed =
      patient(with_scores(folder / "b", 100, {75, 74, 76, 75, 75}, FolderUse::resume));
  CHECK(resumed.step == straight.step);
  CHECK(resumed.reason == StopReason::patience);
  CHECK(weights_at(folder / "a", 36) == weights_at(folder / "b", 36));
  CHECK(resumed.best.score == 90);
}

TEST_CASE("a run that was killed between the best model and its checkpoint keeps that model") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  with_scores(run, 12, {50, 90}).run();
  remove_path(run + "/checkpoints/000012");
  const std::string model = model_of(run);
  const TrainingResult result = with_scores(run, 20, {85, 60, 50}, FolderUse::resume).run();
  CHECK(model_of(run) == model);
  CHECK(result.best.score == 90);
  CHECK(with_scores(run, 30, {91}, FolderUse::resume).run().best.score == 91);
  CHECK(model_of(run) != model);
}

TEST_CASE("a model that was killed away before the first checkpoint is measured again") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  with_scores(run, 6, {90}).run();
  for (const char* name : {"/checkpoints", "/log.jsonl"}) remove_path(run + name);
  write_file_atomically(run + "/config.json", "{}");
  Training other = with_scores(run, 6, {10}, FolderUse::resume);
  other.data = "xyz";  // another text: its figures say nothing about this one's
  CHECK(other.run().best.score == 10);
}

TEST_CASE("a resume with nothing left to do reports the model that is there") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  with_scores(run, 9, {70, 100}).run();
  const std::string model = model_of(run);
  Training again = with_scores(run, 9, {1}, FolderUse::resume);
  const TrainingResult result = again.run();
  CHECK(result.step == 9);
  CHECK(result.best_step == 9);
  CHECK(result.best.score == 100);
  CHECK(again.record.validations.empty());
  CHECK(model_of(run) == model);
}

TEST_CASE("a run whose last step nobody validated is validated when it is resumed to that step") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  struct Raise final : TrainingObserver {
    void stepped(const TrainingProgress& progress) override {
      if (progress.step == 9) std::raise(SIGTERM);
    }
  } raise;
  Training first = with_scores(run, 20, {70});
  first.options.catch_signals = true;
  CHECK(run_with(first, raise).step == 9);
  const TrainingResult result = with_scores(run, 9, {100}, FolderUse::resume).run();
  CHECK(result.best.score == 100);
  CHECK(result.best_step == 9);
}

TEST_CASE("a validation that is not a number is never the best, and is warned of once") {
  TemporaryFolder folder;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Training first_bad = with_scores(folder / "first", 20, {nan, 7, nan, 5});
  const TrainingResult result = first_bad.run();
  CHECK(result.best_step == 12);
  CHECK(result.best.score == 7);
  REQUIRE(first_bad.record.warnings.size() == 1);
  CHECK_THAT(first_bad.record.warnings[0], Contains("step 6: ") && Contains("not a number"));
  CHECK(load_training_checkpoint(folder / "first/checkpoints/000020").state.best_step == 12);

  Training always_bad = with_scores(folder / "always", 20, {nan});
  CHECK(always_bad.run().best_step == 0);
  CHECK(always_bad.record.warnings.size() == 1);
  CHECK(always_bad.record.validations == std::vector<int64_t>{6, 12, 18, 20});
  Training even = with_scores(folder / "even", 18, {nan});
  even.run();
  CHECK(even.record.validations == std::vector<int64_t>{6, 12, 18});
  CHECK(path_exists(folder / "always/model.safetensors"));  // the last step's, unmeasured
  CHECK(with_scores(folder / "always", 30, {nan, 3}, FolderUse::resume).run().best_step == 30);

  Training impatient = with_scores(folder / "impatient", 100, {nan});
  impatient.options.training.patience = 2;
  CHECK(impatient.run().reason == StopReason::patience);
}

TEST_CASE("a best model that is gone, or was never validated, is made anew") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  with_scores(run, 12, {90, 50}).run();
  remove_path(run + "/model.safetensors");
  const TrainingResult result = with_scores(run, 20, {60, 55}, FolderUse::resume).run();
  CHECK(path_exists(run + "/model.safetensors"));
  CHECK(result.best.score == 60);
  CHECK(result.best_step == 18);
}

TEST_CASE("a best model that can't be written does not end the run and is written later") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  Training training = with_scores(run, 30, {1, 9, 5, 4, 3});
  Obstacle obstacle(run, 10, 20);
  const TrainingResult result = run_with(training, obstacle);
  CHECK(result.step == 30);
  CHECK(result.best_step == 12);
  CHECK(result.best.score == 9);
  REQUIRE(obstacle.warnings.size() == 1);
  CHECK_THAT(obstacle.warnings[0],
             Contains("cannot write the best model") && Contains("training goes on"));
  Training straight = with_scores(folder / "straight", 30, {1, 9, 5, 4, 3});
  straight.run();
  CHECK(model_of(run) == model_of(folder / "straight"));
}

TEST_CASE("a best model that can never be written is an error, after the checkpoint is there") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  Obstacle obstacle(run, 10, 1000);
  CHECK_THROWS_WITH(run_with(with_scores(run, 20, {1, 9, 5, 10}), obstacle),
                    Contains("cannot write the best model, of step 20"));
  remove_path(run + "/model.safetensors");
  const TrainingResult result = with_scores(run, 20, {2}, FolderUse::resume).run();
  CHECK(result.best_step == 20);
  CHECK(path_exists(run + "/model.safetensors"));
}

TEST_CASE("a best model whose write failed right before the run was killed is not lost") {
  TemporaryFolder folder;
  const std::string run = folder / "run";
  Obstacle obstacle(run, 10, 1000);
  CHECK_THROWS_AS(run_with(with_scores(run, 12, {1, 9}), obstacle), IoError);
  remove_path(run + "/model.safetensors");
  const TrainingResult result = with_scores(run, 18, {5}, FolderUse::resume).run();
  CHECK(result.best_step == 12);
  CHECK(result.best.score == 9);
}
