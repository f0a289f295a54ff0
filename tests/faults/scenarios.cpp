#include "scenarios.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "../../core/files/files.hpp"
#include "../../core/operations.hpp"
#include "../../core/random.hpp"
#include "../../layers/linear.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/training/save.hpp"
#include "../../models/training/training_checkpoint.hpp"
#include "../../models/training/translation_task.hpp"
#include "../../models/translate/translator.hpp"
#include "../../optim/adam.hpp"

namespace faults {

using namespace heed;

namespace {

Config tiny_config() {
  Config config;
  config.recurrent.embedding = 2;
  config.recurrent.hidden = 3;
  config.recurrent.attention_size = 2;
  config.recurrent.readout_size = 2;
  config.set_vocabularies(6, 6);
  config.training.batch_tokens = 6;
  config.training.validate_every = 2;
  config.training.epochs = 0;
  config.training.steps = 6;
  return config;
}

Vocabulary tiny_vocabulary() { return Vocabulary({"<pad>", "<unk>", "<s>", "</s>", "a", "b"}); }

// --- A checkpoint ---

TrainingCheckpoint checkpoint_at(int64_t step) {
  TrainingCheckpoint checkpoint;
  checkpoint.state.step = step;
  checkpoint.model = {{"w", Tensor::of({1, 2, static_cast<double>(step)}, {3})}};
  checkpoint.optimizer = {{"0.exp_avg", Tensor::of({4, 5, static_cast<double>(step)}, {3})}};
  return checkpoint;
}

void check_whole(const TrainingCheckpoint& found) {
  const auto step = static_cast<float>(found.state.step);
  CHECK(found.model.at(0).tensor.to_vector<float>() == std::vector<float>{1, 2, step});
  CHECK(found.optimizer.at(0).tensor.to_vector<float>() == std::vector<float>{4, 5, step});
}

// --- A model ---

void save_tiny_model(const std::string& folder, uint64_t seed) {
  manual_seed(seed);
  const Config config = tiny_config();
  TranslationModel model = make_model(config);
  save_model_folder(folder, config, tiny_vocabulary(), tiny_vocabulary(), state_dict(model));
}

std::string weights_of(const std::string& folder) {
  return read_file(join_path(folder, "model.safetensors"));
}

// --- A training ---

TranslationData tiny_data(Config& config) {
  ParallelText train{{"a b", "b a", "a", "b b a", "b"}, {"b a", "a b", "a", "a b b", "b"}};
  ParallelText valid{{"a b b", "b"}, {"b b a", "b"}};
  std::vector<std::string> notes;
  return make_translation_data(config, train, valid, make_tokenizer("word"), notes);
}

/// Trains up to `steps`, from where the folder's run stands;
/// the bytes of the best model and of the last checkpoint.
std::string train(const std::string& folder, int64_t steps) {
  manual_seed(5);
  Config config = tiny_config();
  config.training.steps = steps;
  const TranslationData data = tiny_data(config);
  TranslationModel model = make_model(config);
  TranslationTask task(model, data, config);
  const bool started = path_exists(join_path(folder, "log.jsonl"));
  Trainer trainer(task, {.folder = folder,
                         .training = config.training,
                         .use = started ? FolderUse::resume : FolderUse::fresh,
                         .catch_signals = false});
  trainer.run();
  const std::string last = join_path(folder, "checkpoints/00000" + std::to_string(steps));
  return read_file(join_path(folder, "model.safetensors")) +
         read_file(join_path(last, "model.safetensors")) +
         read_file(join_path(last, "optimizer.safetensors"));
}

/// What is there is whole: the checkpoints that have a name, and the best model.
void check_run(const std::string& folder) {
  std::vector<std::string> warnings;
  newest_training_checkpoint(folder, warnings);
  CHECK(warnings.empty());
  if (path_exists(join_path(folder, "model.safetensors"))) CHECK_NOTHROW(load_model_folder(folder));
}

// --- A training in one file ---

/// One step of a training from where the file in `folder` stands, if there is one; its bytes then.
std::string step_on(const std::string& folder) {
  const std::string path = join_path(folder, "run.safetensors");
  manual_seed(5);
  Linear net(2, 3);
  Adam optimizer(parameters(net));
  DataPosition next;
  if (path_exists(path)) next = load(path, net, optimizer);
  sum(net(Tensor::ones({1, 2}))).backward();
  optimizer.step();
  save(path, net, optimizer, {next.epoch + 1, 0});
  return read_file(path);
}

}  // namespace

Scenario saving_a_checkpoint() {
  const auto run = [](const std::string& folder) {
    save_training_checkpoint(folder, checkpoint_at(2));
    return read_file(join_path(folder, "checkpoints/000002/MANIFEST.json"));
  };
  const auto check = [](const std::string& folder) {
    remove_temporaries(join_path(folder, "checkpoints"));
    std::vector<std::string> warnings;
    const std::optional<TrainingCheckpoint> found = newest_training_checkpoint(folder, warnings);
    REQUIRE(found);
    check_whole(*found);
    CHECK(warnings.empty());
  };
  return {"saving a checkpoint",
          [](const std::string& folder) { save_training_checkpoint(folder, checkpoint_at(1)); },
          run, check};
}

Scenario saving_a_model() {
  const auto run = [](const std::string& folder) {
    save_tiny_model(folder, 2);
    return weights_of(folder);
  };
  static std::string before, after;
  const auto prepare = [](const std::string& folder) {
    save_tiny_model(folder, 2);
    after = weights_of(folder);
    save_tiny_model(folder, 1);
    before = weights_of(folder);
  };
  const auto check = [](const std::string& folder) {
    remove_temporaries(folder);
    CHECK_NOTHROW(load_model_folder(folder));
    const std::string weights = weights_of(folder);
    CHECK((weights == before || weights == after));
  };
  return {"saving a model", prepare, run, check};
}

Scenario saving_in_one_file() {
  static std::string before, after;
  const auto prepare = [](const std::string& folder) {
    before = step_on(folder);
    after = step_on(folder);
    replace_file(join_path(folder, "run.safetensors"), before);
  };
  const auto check = [](const std::string& folder) {
    remove_temporaries(folder);
    const std::string bytes = read_file(join_path(folder, "run.safetensors"));
    CHECK((bytes == before || bytes == after));
    replace_file(join_path(folder, "run.safetensors"), before);
  };
  return {"saving in one file", prepare, step_on, check};
}

Scenario training() {
  return {"training", [](const std::string&) {},
          [](const std::string& folder) { return train(join_path(folder, "run"), 6); },
          [](const std::string& folder) { check_run(join_path(folder, "run")); }};
}

Scenario resuming() {
  Scenario scenario = training();
  scenario.name = "resuming";
  scenario.prepare = [](const std::string& folder) { train(join_path(folder, "run"), 4); };
  const auto check = [](const std::string& folder) {
    check_run(join_path(folder, "run"));
    CHECK(checkpoint_steps(join_path(folder, "run")).size() >= 2);
    CHECK_NOTHROW(load_model_folder(join_path(folder, "run")));
  };
  scenario.check_nothing_lost = check;
  return scenario;
}

Scenario translating() {
  const auto run = [](const std::string& folder) {
    const Translation found =
        Translator::load(folder).translate("a b a", {.search = {.max_length = 4}});
    return found.text + std::to_string(found.score);
  };
  return {"translating", [](const std::string& folder) { save_tiny_model(folder, 1); }, run,
          [](const std::string& folder) { CHECK_NOTHROW(load_model_folder(folder)); }};
}

}  // namespace faults
