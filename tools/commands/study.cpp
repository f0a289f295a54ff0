#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../command_line/output.hpp"
#include "../command_line/progress.hpp"
#include "../studies/reports.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

StudyReport reported(const StudyPlan& plan, const StudyFolder& folder, const TaskData& data,
                     const std::vector<ModelResults>& results, const CommonFlags& common) {
  switch (plan.kind) {
    case StudyKind::variants:
      return variants_report(plan, data.test, results);
    case StudyKind::alignment:
      return alignment_report(Translator::load(folder.part(plan.models[0], 1)), data.test,
                              results[0],
                              terminal_style(STDOUT_FILENO, wants_color(common, STDOUT_FILENO)));
    case StudyKind::length:
      break;
  }
  return length_report(plan, data.test, results);
}

class StudyCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(kind_, "STUDY",
                   "length: BLEU against sentence length, for a fixed context, RNNsearch and a "
                   "Transformer; alignment: where RNNsearch looks, four sentences on one sheet; "
                   "variants: every score function of RNNsearch on one task",
                   study_names());
    flags.text("--out", folder_, "DIR",
               "the folder of the study: models, numbers (STUDY.json), picture (STUDY.svg); the "
               "same command again goes on with an unfinished one");
    flags.section("Other budgets than the published ones");
    flags.number("--minutes", minutes_, 1e-3, 1e4, "of training steps of each model");
    flags.integer("--steps", steps_, 1, 1'000'000'000, "of each model, instead of minutes");
    flags.integer("--seeds", seeds_, 1, 100, "trainings of each model");
    flags.integer("--train", train_, 1, 10'000'000, "pairs to train on");
    flags.integer("--test", test_, 1, 10'000, "pairs to test on, about");
    flags.texts("--set", settings_, "KEY=VALUE",
                "one key of every model that has it, as for heed train; repeatable");
    flags.epilogue(
        "  heed study length --out s\n"
        "  heed study variants --out v --minutes 2 --seeds 3\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("STUDY");
    flags.require("--out");
    const StudyPlan plan = asked_plan(flags);
    blas_self_test();
    const TaskData data = study_data(plan);
    const StudyFolder folder(folder_, plan);
    folder.write_data(data);

    std::vector<ModelResults> results;
    if (const int signal = run_parts(plan, folder, data, common, results)) return 128 + signal;
    const StudyReport report = reported(plan, folder, data, results, common);
    write_file_atomically(folder.file(kind_ + ".json"), report.json);
    write_file_atomically(folder.file(kind_ + ".svg"), report.svg);
    print_drawing(report.table);
    return 0;
  }

 private:
  StudyPlan asked_plan(const Flags& flags) const {
    if (flags.given("--minutes") && flags.given("--steps")) {
      throw ConfigError("--minutes and --steps exclude each other");
    }
    StudyPlan plan = study_plan(study_kind(kind_));
    if (plan.kind == StudyKind::alignment && flags.given("--seeds")) {
      throw ConfigError("--seeds: the study alignment shows one model");
    }
    if (flags.given("--minutes")) {
      plan.minutes = minutes_;
      plan.steps = 0;
    }
    if (flags.given("--steps")) plan.steps = steps_;
    if (flags.given("--seeds")) plan.seeds = seeds_;
    if (flags.given("--train")) {
      plan.task.train = train_;
      plan.task.valid = std::clamp<int64_t>(train_ / 10, 1, plan.task.valid);
    }
    if (flags.given("--test")) set_test_size(plan, test_);
    for (const std::string& setting : settings_) add_setting(plan, setting);
    for (const StudyModel& model : plan.models) check(study_config(plan, model));
    return plan;
  }

  /// What a study decides itself can't be set.
  static void add_setting(StudyPlan& plan, const std::string& setting) {
    const std::string key = setting.substr(0, setting.find('='));
    for (const char* own : {"model", "training.steps", "training.epochs", "training.minutes",
                            "training.seed", "training.validate_every", "data.train_source",
                            "data.train_target", "data.valid_source", "data.valid_target"}) {
      if (key == own) throw ConfigError("--set " + key + ": a study has its own");
    }
    plan.settings.push_back(setting);
  }

  /// Returns the signal that stopped it.
  static int run_parts(const StudyPlan& plan, const StudyFolder& folder, const TaskData& data,
                       const CommonFlags& common, std::vector<ModelResults>& results) {
    ProgressDisplay display(common.quiet, wants_color(common, STDERR_FILENO));
    // Whoever reads stderr may go; the study goes on.
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    const int signal = run_study(plan, folder, data, display, results);
    std::signal(SIGPIPE, before);
    if (signal != 0) display.note("stopped by a signal; saved; the same command goes on");
    return signal;
  }

  std::string kind_, folder_;
  double minutes_ = 0;
  int64_t steps_ = 0, seeds_ = 0, train_ = 0, test_ = 0;
  std::vector<std::string> settings_;
};

}  // namespace

std::unique_ptr<Command> study_command() { return std::make_unique<StudyCommand>(); }

}  // namespace heed::tools
