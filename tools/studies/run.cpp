#include "run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "../../core/random.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/training/signals.hpp"
#include "../../models/training/translation_task.hpp"
#include "../../models/translate/attention_alignment.hpp"
#include "../../models/translate/translator.hpp"
#include "../../optim/adam.hpp"
#include "../terminal/text_table.hpp"

namespace heed::tools {

namespace {

constexpr int64_t validations = 3;  // of each training

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One training of a study: a model and a seed.
struct Part {
  const StudyPlan& plan;
  const StudyFolder& folder;
  const StudyModel& model;
  int64_t seed;
};

Config part_config(const Part& part) {
  Config config = study_config(part.plan, part.model);
  config.training.seed = part.seed;
  config.data.train_source = part.folder.text("train.src");
  config.data.train_target = part.folder.text("train.tgt");
  config.data.valid_source = part.folder.text("valid.src");
  config.data.valid_target = part.folder.text("valid.tgt");
  return config;
}

/// How many updates take `minutes`, measured on a model that is thrown away; 0 if a signal came.
int64_t fitted_steps(const Config& config, const TranslationData& data, double minutes) {
  constexpr int64_t warm_up = 2, fewest = 3;
  manual_seed(static_cast<uint64_t>(config.training.seed));
  TranslationModel model = make_model(config);
  TranslationTask task(model, data, config);
  const std::vector<Tensor> weights = parameters(model);
  Adam optimizer(weights, {.lr = config.training.learning_rate});
  const int64_t batches = task.start_epoch(0);
  const double budget = 60 * minutes, trial = std::min(4.0, budget / 10);
  double start = 0;
  for (int64_t step = 0; StopSignals::received() == 0; ++step) {
    const double spent = now() - start;
    if (step == warm_up) start = now();
    if (step >= warm_up + fewest && spent >= trial) {
      const double update = spent / static_cast<double>(step - warm_up) *
                            static_cast<double>(config.training.accumulate);
      return std::max<int64_t>(1, std::llround(budget / update));
    }
    optimizer.zero_grad();
    task.loss(step % batches).backward();
    optimizer.step();
  }
  return 0;
}

/// The updates of a part; 0 if a signal came.
int64_t steps_of(const Part& part, const Config& config, const TranslationData& data,
                 TrainingObserver& observer) {
  if (part.plan.steps > 0) return part.plan.steps;
  const StudyModel& model = part.plan.equal_steps ? part.plan.models[0] : part.model;
  int64_t steps = part.folder.fitted_steps(model);
  if (steps == 0) {
    steps = fitted_steps(config, data, part.plan.minutes);
    if (steps == 0) return 0;
    part.folder.write_fitted_steps(model, steps);
    observer.note(model.name + ": " + std::to_string(steps) + " updates fit into " +
                  clock_time(60 * part.plan.minutes));
  }
  return steps;
}

/// The last of `steps` updates is a validation; a short training has a short warm-up.
void set_steps(TrainingConfig& training, int64_t steps) {
  training.steps = steps;
  training.warmup = std::min(training.warmup, steps / 10);
  training.validate_every = (steps + validations - 1) / validations;
}

/// Trains the model of a part, or goes on; returns the signal that stopped it.
int train(const Part& part, TrainingObserver& observer, PartResult& result) {
  Config config = part_config(part);
  std::vector<std::string> notes;
  const TranslationData data = load_translation_data(config, notes);
  check(config);
  const int64_t steps = steps_of(part, config, data, observer);
  if (steps == 0) return StopSignals::received();
  set_steps(config.training, steps);
  manual_seed(static_cast<uint64_t>(part.seed));
  TranslationModel model = make_model(config);
  TranslationTask task(model, data, config);
  const std::string path = part.folder.part(part.model, part.seed);
  const FolderUse use =
      path_exists(join_path(path, "log.jsonl")) ? FolderUse::resume : FolderUse::fresh;
  const TrainingResult trained = Trainer(task, {path, config.training, use}, &observer).run();
  result.parameters = parameter_count(model);
  result.steps = trained.step;
  result.seconds = trained.seconds;
  result.seconds_per_epoch = trained.seconds / static_cast<double>(trained.step) *
                             static_cast<double>(task.start_epoch(0));
  return trained.signal;
}

/// Adds how the weights agree with the gold alignment while the reference of `pair` is read.
void add_agreement(const Translator& translator, const Pair& pair, PartResult& result) {
  std::vector<bool> linked(static_cast<std::size_t>(word_count(pair.target)));
  for (const auto& [source, target] : pair.alignment) {
    linked[static_cast<std::size_t>(target)] = true;
  }
  int64_t agreeing = 0;
  for (const auto& link : alignment(translator.force_decode(pair.source, pair.target))) {
    agreeing += std::count(pair.alignment.begin(), pair.alignment.end(), link) > 0;
  }
  result.linked.push_back(std::count(linked.begin(), linked.end(), true));
  result.agreeing.push_back(agreeing);
}

bool has_attention(const Translator& translator, const Pair& pair) {
  return !alignment(translator.force_decode(pair.source, pair.target)).empty();
}

/// Translates the test sentences; returns the signal that stopped it.
int evaluate(const Part& part, const std::vector<Pair>& test, PartResult& result) {
  constexpr std::size_t batch = 64;
  const Translator translator = Translator::load(part.folder.part(part.model, part.seed));
  const bool aligns =
      part.plan.kind != StudyKind::length && !test.empty() && has_attention(translator, test[0]);
  for (std::size_t i = 0; i < test.size(); i += batch) {
    const std::size_t end = std::min(test.size(), i + batch);
    std::vector<std::string> lines;
    for (std::size_t k = i; k < end; ++k) lines.push_back(test[k].source);
    for (Translation& translation :
         translator.translate(lines, {.search = {.beam = 1}, .batch = batch, .attention = false})) {
      result.translations.push_back(std::move(translation.text));
    }
    for (std::size_t k = i; aligns && k < end; ++k) add_agreement(translator, test[k], result);
    if (StopSignals::received() != 0) break;
  }
  return StopSignals::received();
}

}  // namespace

int run_study(const StudyPlan& plan, const StudyFolder& folder, const TaskData& data,
              TrainingObserver& observer, std::vector<ModelResults>& results) {
  const StopSignals signals;
  results.clear();
  for (const StudyModel& model : plan.models) results.push_back({model, {}});
  const std::size_t parts = plan.models.size() * static_cast<std::size_t>(plan.seeds);
  std::size_t number = 0;
  for (int64_t seed = 1; seed <= plan.seeds; ++seed) {
    for (ModelResults& model : results) {
      const std::string count = std::to_string(++number) + " of " + std::to_string(parts);
      if (folder.has_result(model.model, seed)) {
        model.seeds.push_back(folder.read_result(model.model, seed, data.test.size()));
        continue;
      }
      observer.note(count + ": " + model.model.name + ", seed " + std::to_string(seed));
      const Part part{plan, folder, model.model, seed};
      PartResult result;
      int signal = train(part, observer, result);
      if (signal == 0) signal = evaluate(part, data.test, result);
      if (signal != 0) return signal;
      folder.write_result(model.model, seed, result);
      model.seeds.push_back(std::move(result));
    }
  }
  return 0;
}

}  // namespace heed::tools
