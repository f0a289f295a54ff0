// Training by loaders: what a `Trainer` makes of them.
#include "../../../models/training/module_task.hpp"

#include <catch2/catch.hpp>

#include <thread>

#include "../../../core/error.hpp"
#include "../../../models/training/save.hpp"
#include "../../temporary_folder.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;
using Catch::Matchers::Contains;

namespace {

/// 11 rows of which batches are made; the thirteenth step is in the fourth epoch.
struct Rows {
  std::vector<Example> items, held_out;
  Rows() {
    KeepGenerator generator;
    manual_seed(5);
    for (int i = 0; i < 14; ++i) {
      const Tensor x = Tensor::randn({7});
      (i < 11 ? items : held_out).push_back({x, square(slice(x, 0, 0, 3))});
    }
  }
};

Example side_by_side(const std::vector<Example>& items) {
  std::vector<Tensor> x, y;
  for (const Example& item : items) x.push_back(item.x), y.push_back(item.y);
  return {stack(x, 0), stack(y, 0)};
}

TrainingResult train_rows(const std::string& folder, TrainerOptions options, uint64_t seed = 3,
                          int64_t ahead = 0) {
  manual_seed(2);
  Net net;
  const Rows rows;
  DataLoader batches(rows.items, {.batch_size = 3, .shuffle = true, .seed = seed, .ahead = ahead},
                     side_by_side);
  DataLoader held_out(rows.held_out, {.batch_size = 2}, side_by_side);
  ModuleTask task(net, batches, held_out, loss_of);
  options.folder = folder;
  options.training.learning_rate = 1e-2;
  options.training.epochs = 0;
  options.training.validate_every = 5;
  options.catch_signals = false;
  return Trainer(task, options).run();
}

TrainerOptions until(int64_t steps, FolderUse use = FolderUse::fresh) {
  TrainerOptions options;
  options.training.steps = steps;
  options.use = use;
  return options;
}

}  // namespace

TEST_CASE("a trainer takes a loader's batches in its order and resumes to the same bits") {
  TemporaryFolder folder;
  train_rows(folder / "straight", until(18));
  for (const int64_t stop : {1, 3, 4, 6, 13}) {
    const std::string run = folder / ("stopped" + std::to_string(stop));
    train_rows(run, until(stop), 3, stop % 3);
    train_rows(run, until(18, FolderUse::resume), 3, 2);
    CHECK(weights_at(run, 18) == weights_at(folder / "straight", 18));
  }
}

TEST_CASE("several batches of one update weigh as much as they have items") {
  TemporaryFolder folder;
  TrainerOptions options = until(4);
  options.training.accumulate = 4;  // an epoch: 3 + 3 + 3 + 2 rows
  options.training.clip_norm = 0;
  train_rows(folder / "parts", options);
  CHECK(checkpoint_file(folder / "parts", 4, "state.json").find("\"epoch\": 4") !=
        std::string::npos);
  Net net;
  const Rows rows;
  DataLoader batches(rows.items, {.batch_size = 3}, side_by_side);
  DataLoader held_out(rows.held_out, {.batch_size = 2}, side_by_side);
  ModuleTask task(net, batches, held_out, loss_of);
  CHECK(task.start_epoch(0) == 4);
  CHECK(task.tokens(0) == 3);
  CHECK(task.tokens(3) == 2);
  eval(net);
  const double whole = loss_of(net, side_by_side(rows.held_out)).item();
  CHECK(task.validate().loss == Approx(whole).epsilon(1e-6));
  // Made batches weigh the same, however many items they have.
  const Example two = side_by_side({rows.held_out[0], rows.held_out[1]});
  const Example one = side_by_side({rows.held_out[2]});
  ModuleTask beside(net, batches, {two, one}, loss_of);
  eval(net);
  const double mean = (loss_of(net, two).item() + loss_of(net, one).item()) / 2;
  CHECK(beside.validate().loss == Approx(mean).epsilon(1e-6));
}

TEST_CASE("batches are asked for in any order and again") {
  Net net;
  const Rows rows;
  DataLoader batches(rows.items, {.batch_size = 3, .shuffle = true, .ahead = 1}, side_by_side);
  DataLoader held_out(rows.held_out, {}, side_by_side);
  ModuleTask task(net, batches, held_out, loss_of);
  eval(net);
  task.start_epoch(1);
  std::vector<double> losses;
  for (int64_t i = 0; i < 4; ++i) losses.push_back(task.loss(i).item());
  for (const int64_t i : {3, 0, 0, 2, 1}) {
    CHECK(task.loss(i).item() == losses[static_cast<std::size_t>(i)]);
  }
}

TEST_CASE("a run is not resumed with another order of its batches") {
  TemporaryFolder folder;
  train_rows(folder / "run", until(3));
  CHECK_THROWS_WITH(train_rows(folder / "run", until(6, FolderUse::resume), 4),
                    Contains("training data: 11 items in batches of 3, shuffled by seed 3 there, "
                             "11 items in batches of 3, shuffled by seed 4 here"));
}

TEST_CASE("without held-out data a trainer keeps the last step's model and validates nothing") {
  const TemporaryFolder folder;
  const auto run = [&](int64_t steps, FolderUse use) {
    manual_seed(2);
    Net net;
    const Rows rows;
    DataLoader batches(rows.items, {.batch_size = 3, .shuffle = true}, side_by_side);
    ModuleTask task(net, batches, loss_of);
    TrainerOptions options = until(steps, use);
    options.folder = folder / "run";
    options.training.epochs = 0;
    options.training.validate_every = 4;
    options.catch_signals = false;
    Record record;
    const TrainingResult result = Trainer(task, options, &record).run();
    CHECK(record.validations.empty());
    CHECK(result.best_step == 0);
    CHECK(result.step == steps);
    CHECK(tensor_named(load_tensors(folder / "run/model.safetensors"), "output.bias")
              .to_vector<float>() == net.output.bias.tensor().to_vector<float>());
  };
  run(6, FolderUse::fresh);
  run(9, FolderUse::resume);

  Net net;
  const Rows rows;
  DataLoader batches(rows.items, {.batch_size = 3}, side_by_side);
  CHECK_FALSE(ModuleTask(net, batches, {}, loss_of).has_held_out());
  ModuleTask task(net, examples(3, 1), {}, loss_of);
  TrainingConfig patience, average, plateau;
  patience.patience = 2;
  average.average = 2;
  plateau.schedule = ScheduleKind::plateau;
  for (TrainingConfig config : {patience, average, plateau}) {
    config.steps = 1;
    CHECK_THROWS_WITH(Trainer(task, {.folder = folder / "new", .training = config}),
                      Contains("need held-out data"));
  }
}

TEST_CASE("a trainer's seed is that of dropout, whatever was drawn before") {
  const auto weights = [](uint64_t before, int64_t seed) {
    manual_seed(2);
    Net net;
    manual_seed(before);
    ModuleTask task(net, examples(13, 3), loss_of);
    TrainerOptions options = until(5);
    options.training.seed = seed;
    options.catch_signals = false;
    Trainer(task, options).run();
    return net.hidden.weight.tensor().to_vector<float>();
  };
  const std::vector<float> one = weights(7, 1);
  CHECK(weights(8, 1) == one);
  CHECK(weights(1, 1) == one);
  CHECK(weights(7, 3) != one);
}

TEST_CASE("the first weights and a training by the same seed draw from one sequence") {
  manual_seed(4);
  Net net;
  const uint64_t drawn = default_generator().position();
  Generator seen;  // by the first loss
  ModuleTask task(net, examples(13, 3), [&](const Net& trained, const Example& batch) {
    if (seen.seed() == 0) seen = default_generator();
    return loss_of(trained, batch);
  });
  TrainerOptions options = until(5);
  options.training.seed = 4;
  Trainer trainer(task, options);
  static_cast<void>(Tensor::randn({99}));  // is not the run's
  const uint64_t left = default_generator().position();
  trainer.run();
  CHECK(seen.seed() == 4);
  CHECK(seen.position() == drawn);
  CHECK(default_generator().position() == left);
  options.training.seed = 5;
  seen = Generator();
  Trainer(task, options).run();
  CHECK(seen.seed() == 5);
  CHECK(seen.position() == 0);
  CHECK(default_generator().seed() == 4);
}

TEST_CASE("a second trainer in a process draws what the first drew, on any thread") {
  std::vector<std::vector<float>> trained;
  const auto train_one = [&](bool elsewhere) {
    Net net;
    {
      const KeepGenerator keep;
      manual_seed(2);
      net = Net();
    }
    ModuleTask task(net, examples(13, 3), loss_of);
    TrainerOptions options = until(5);
    options.catch_signals = false;
    Trainer trainer(task, options);
    const auto run = [&] { trainer.run(); };
    elsewhere ? std::thread(run).join() : run();
    trained.push_back(net.hidden.weight.tensor().to_vector<float>());
  };
  manual_seed(7);
  train_one(false);
  train_one(false);
  train_one(true);
  CHECK(trained[1] == trained[0]);
  CHECK(trained[2] == trained[0]);
}

TEST_CASE("made batches go without held-out ones, and beside held-out ones of a loader") {
  Net net;
  const Rows rows;
  DataLoader held_out(rows.held_out, {.batch_size = 2}, side_by_side);
  ModuleTask alone(net, examples(3, 1), loss_of);
  CHECK_FALSE(alone.has_held_out());
  CHECK(alone.start_epoch(0) == 3);
  CHECK_FALSE(ModuleTask(net, examples(3, 1), loss_of, 5).has_held_out());
  const auto lambda = [](const Net& n, const Example& e) { return loss_of(n, e); };
  CHECK(ModuleTask(net, examples(2, 1), lambda).start_epoch(0) == 2);
  ModuleTask beside(net, examples(3, 1), held_out, loss_of);
  CHECK(beside.has_held_out());
  eval(net);
  CHECK(beside.validate().loss ==
        Approx(loss_of(net, side_by_side(rows.held_out)).item()).epsilon(1e-6));
}

TEST_CASE("a batch that the epoch does not have is an IndexError, as one before any epoch") {
  Net net;
  const Rows rows;
  DataLoader batches(rows.items, {.batch_size = 3}, side_by_side);
  ModuleTask loaded(net, batches, loss_of);
  ModuleTask made(net, examples(4, 1), {}, loss_of);
  for (TrainingTask* task :
       {static_cast<TrainingTask*>(&loaded), static_cast<TrainingTask*>(&made)}) {
    CHECK_THROWS_AS(task->loss(0), IndexError);
    CHECK_THROWS_WITH(task->tokens(0), Contains("no batch 0; start_epoch"));
    CHECK(task->start_epoch(0) == 4);
    CHECK_THROWS_WITH(task->loss(4), Contains("no batch 4; the epoch has the batches 0 to 3"));
    CHECK_THROWS_AS(task->tokens(-1), IndexError);
    CHECK(task->loss(3).numel() == 1);
  }
}

TEST_CASE("a validation that throws leaves the model in training mode") {
  Net net;
  eval(net);
  const auto loss = [](const Net& n, const Example& example) {
    if (!n.dropout.training) throw DataError("held out is broken");
    return loss_of(n, example);
  };
  ModuleTask task(net, examples(3, 1), examples(1, 2), loss);
  CHECK(net.dropout.training);
  CHECK_THROWS_WITH(task.validate(), "held out is broken");
  CHECK(net.dropout.training);
}

TEST_CASE("a loss function that returns no scalar is named") {
  Net net;
  const auto each = [](const Net& n, const Example& e) { return square(n(e.x) - e.y); };
  ModuleTask task(net, examples(3, 1), examples(1, 2), each);
  const char* said = "the loss function of the task gave a tensor [5, 3], it must return a scalar";
  CHECK_THROWS_WITH(Trainer(task, {.training = {.steps = 1}}).run(), Contains(said));
  CHECK_THROWS_WITH(task.validate(), Contains(said));
}
