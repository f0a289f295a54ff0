#include <csignal>
#include <filesystem>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/precision.hpp"
#include "../../core/random.hpp"
#include "../../core/suggest.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/config/training_recipe.hpp"
#include "../../models/training/trainer.hpp"
#include "../../models/training/training_checkpoint.hpp"
#include "../../models/training/translation_task.hpp"
#include "../command_line/progress.hpp"
#include "../terminal/text_table.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

constexpr int64_t many = 1'000'000'000'000;

std::string preset_list() {
  std::string out;
  for (const std::string& name : preset_names()) out += (out.empty() ? "" : ", ") + name;
  return out;
}

class TrainCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.section("Text");
    flags.text("--data", data_, "DIR", "{train,valid}.{src,tgt} in this folder, or these files:");
    flags.text("--train-src", train_source_, "F", "source lines to train on");
    flags.text("--train-tgt", train_target_, "F", "their translations");
    flags.text("--valid-src", valid_source_, "F", "source lines to validate on");
    flags.text("--valid-tgt", valid_target_, "F", "their translations");
    flags.section("Run");
    flags.text("--out", folder_, "MODEL", "the folder of the run, and of the model in the end");
    flags.toggle("--overwrite", overwrite_, "start anew in a folder that holds a run");
    flags.toggle("--resume", resume_,
                 "go on from the last checkpoint; text, model and settings are "
                 "the run's, limits may be others");
    flags.section("Model and training");
    flags.choice("--model", model_, {"rnn_search", "encoder_decoder", "transformer"},
                 "(default rnn_search)");
    flags.text("--preset", preset_, "NAME",
               preset_list() + " (default small, where there is no --config)", preset_names());
    flags.text("--config", config_file_, "F.json", "keys over the preset's; a config.json will do");
    flags.texts(
        "--set", settings_, "KEY=VALUE",
        "one key over both, such as hidden=256 or training.learning_rate=0.002; repeatable");
    flags.toggle("--shared-vocabulary", shared_vocabulary_, "one vocabulary for both sides");
    flags.section("Limits from the start of the run (the first one reached ends it)");
    flags.integer("--steps", steps_, 0, many, "updates of the weights (0: no such limit)");
    flags.integer("--epochs", epochs_, 0, many, "passes over the text");
    flags.number("--minutes", minutes_, 0, 1e6, "of training steps, validation not counted");
    flags.integer("--seed", seed_, 0, INT64_MAX, "of weights, order and dropout (default 1)");
    flags.epilogue(
        "  heed data dates --out d\n"
        "  heed train --data d --preset dates --out m\n"
        "  heed train --out m --resume --epochs 30\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("--out");
    if (resume_ && overwrite_) throw ConfigError("--resume and --overwrite exclude each other");
    const FolderUse use = resume_      ? FolderUse::resume
                          : overwrite_ ? FolderUse::overwrite
                                       : FolderUse::fresh;
    check_run_folder(folder_, use, {"--resume", "--overwrite"});
    const std::string own = join_path(folder_, "config.json");
    goes_on_ = resume_ && preset_.empty() && config_file_.empty() && path_exists(own);
    Config config = goes_on_ ? load_config(own) : base_config();
    if (resume_ && !goes_on_ && path_exists(own)) take_text(load_config(own).data, config.data);
    if (goes_on_) apply_run_flags(config);
    const int64_t horizon = config.training.steps;
    apply_flags(flags, config);
    check(config);
    blas_self_test();
    check_precision(config.training.precision);

    ProgressDisplay display(common.quiet, wants_color(common, 2));
    std::vector<std::string> notes;
    const TranslationData data = load_translation_data(config, notes);
    check(config);
    for (const std::string& note : notes) display.note(note);
    if (resume_ && path_exists(own)) check_same_run(config);
    // Whoever reads stderr may go; the training goes on.
    std::signal(SIGPIPE, SIG_IGN);
    return train(flags, config, data, {folder_, config.training, use, horizon}, display);
  }

 private:
  /// The end of a schedule that has one is in the checkpoints: before the first only the flags that
  /// the run was started with tell it.
  void apply_run_flags(Config& config) const {
    if (has_end(config.training.schedule) && checkpoint_steps(folder_).empty()) {
      throw ConfigError("--resume: " + escaped(folder_) + " has no checkpoint yet and a schedule " +
                        "that ends; give the flags that it was started with");
    }
    if (!model_.empty()) config.model = model_kind(model_);
    for (const std::string& setting : settings_) apply_setting(config, setting);
  }

  static void take_text(const DataConfig& from, DataConfig& to) {
    to.train_source = from.train_source;
    to.train_target = from.train_target;
    to.valid_source = from.valid_source;
    to.valid_target = from.valid_target;
  }

  /// The preset, the file, and the settings over it.
  Config base_config() const {
    const ModelKind kind = asked_model();
    Config config;
    if (!preset_.empty() || config_file_.empty()) {
      config = preset(preset_.empty() ? "small" : preset_, kind);
    }
    if (!config_file_.empty()) apply_config_file(config, config_file_);
    config.model = kind;
    for (const std::string& setting : settings_) {
      if (!setting.starts_with("model=")) apply_setting(config, setting);
    }
    return config;
  }

  /// The kind of model decides what the other keys mean: `--model` wins over `--set model=`, that
  /// over the file.
  ModelKind asked_model() const {
    ModelKind kind = ModelKind::rnn_search;
    if (!config_file_.empty()) kind = model_in_config_file(config_file_, kind);
    for (const std::string& setting : settings_) {
      if (setting.starts_with("model=")) kind = model_kind(setting.substr(6));
    }
    return model_.empty() ? kind : model_kind(model_);
  }

  void apply_flags(const Flags& flags, Config& config) const {
    if (shared_vocabulary_) config.data.shared_vocabulary = true;
    if (flags.given("--steps")) config.training.steps = steps_;
    if (flags.given("--epochs")) config.training.epochs = epochs_;
    if (flags.given("--minutes")) config.training.minutes = minutes_;
    if (flags.given("--seed")) config.training.seed = seed_;
    if (!data_.empty()) {
      config.data.train_source = join_path(data_, "train.src");
      config.data.train_target = join_path(data_, "train.tgt");
      config.data.valid_source = join_path(data_, "valid.src");
      config.data.valid_target = join_path(data_, "valid.tgt");
    }
    const std::pair<const std::string*, std::string*> files[] = {
        {&train_source_, &config.data.train_source},
        {&train_target_, &config.data.train_target},
        {&valid_source_, &config.data.valid_source},
        {&valid_target_, &config.data.valid_target}};
    for (const auto& [given, file] : files) {
      if (!given->empty()) *file = *given;
      if (file->empty()) {
        throw ConfigError(
            "heed train: the text is missing: give --data DIR, or --train-src, --train-tgt, "
            "--valid-src and --valid-tgt");
      }
      // The run goes on from another folder too. A `..` stays: behind a link it is another folder.
      *file = std::filesystem::absolute(*file).string();
    }
  }

  /// Limits may differ, and so may the names of the files if they hold the same text.
  void check_same_run(const Config& config) const {
    Config before = load_config(join_path(folder_, "config.json"));
    before.training.steps = config.training.steps;
    before.training.epochs = config.training.epochs;
    before.training.minutes = config.training.minutes;
    take_text(config.data, before.data);
    const std::vector<std::string> different = differences(before, config);
    if (different.empty()) return;
    throw ConfigError("--resume: " + escaped(folder_) + " is another run: " +
                      listed(different, "; ") + "; give the flags that it was started with");
  }

  int train(const Flags& flags, const Config& config, const TranslationData& data,
            TrainerOptions options, ProgressDisplay& display) const {
    manual_seed(static_cast<uint64_t>(config.training.seed));
    TranslationModel model = make_model(config);
    TranslationTask task(model, data, config);
    const std::string folder = options.folder;
    Trainer trainer(task, std::move(options), &display);
    display.note(std::to_string(parameter_count(model)) + " weights, vocabularies of " +
                 std::to_string(data.source_vocabulary.size()) + " and " +
                 std::to_string(data.target_vocabulary.size()) + ", " +
                 std::to_string(data.train.size()) + " pairs");
    const std::string best_by = TranslationTask::best_by;
    display.note("the best model is chosen by " + best_by);
    const TrainingResult result = trainer.run();
    const std::string where =
        "step " + std::to_string(result.step) + ", " + clock_time(result.seconds) + " of training";
    if (result.signal != 0) {
      display.note("stopped by a signal at " + where + "; saved; go on with --resume");
      return 128 + result.signal;
    }
    const bool trained = result.step > result.first_step;
    display.note((trained ? "done: " : "nothing left to do: ") + where + "; " +
                 reason_text(flags, config.training, result));
    display.note("the best model (by " + best_by + "), of step " +
                 std::to_string(result.best_step) + ", is in " + escaped(folder));
    return 0;
  }

  /// Why the run ended, and how it goes on.
  std::string reason_text(const Flags& flags, const TrainingConfig& training,
                          const TrainingResult& result) const {
    if (result.reason == StopReason::patience) {
      return "no better model for " + std::to_string(training.patience) +
             " validations (training.patience)";
    }
    const bool epochs = result.limit == Limit::epochs, minutes = result.limit == Limit::minutes;
    const std::string name = epochs ? "epochs" : minutes ? "minutes" : "steps";
    std::string value = std::to_string(epochs ? training.epochs : training.steps);
    if (minutes) value = json_number(training.minutes);
    const std::string limit =
        "the limit was " + name + " = " + value + ", " + origin(flags, name) + "; ";
    if (result.schedule_ended) return limit + "the schedule of the learning rate ends there too";
    return limit + "--resume --" + name + " N goes on";
  }

  /// Where a limit comes from.
  std::string origin(const Flags& flags, const std::string& limit) const {
    if (flags.given("--" + limit)) return "of --" + limit;
    for (const std::string& setting : settings_) {
      if (setting.starts_with("training." + limit + '=')) return "of --set";
    }
    if (goes_on_) return "of the run";
    if (!config_file_.empty()) return "of " + escaped(config_file_);
    return "of the preset " + (preset_.empty() ? "small" : preset_);
  }

  std::string data_, train_source_, train_target_, valid_source_, valid_target_;
  std::string folder_, model_, preset_, config_file_;
  std::vector<std::string> settings_;
  bool overwrite_ = false, resume_ = false, shared_vocabulary_ = false;
  /// `--resume` without a preset or file: the configuration is the run's own.
  bool goes_on_ = false;
  int64_t steps_ = 0, epochs_ = 0, seed_ = 1;
  double minutes_ = 0;
};

}  // namespace

std::unique_ptr<Command> train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace heed::tools
