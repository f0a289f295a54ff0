#include "plan.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/suggest.hpp"

namespace heed::tools {

namespace {

constexpr StudyKind kinds[] = {StudyKind::length, StudyKind::alignment, StudyKind::variants};
constexpr ModelKind fixed = ModelKind::encoder_decoder, search = ModelKind::rnn_search,
                    transformer = ModelKind::transformer;

/// Sentences that are made for each one of a range of lengths, so that the rarest range (one clause
/// of at most 5 words) fills too.
constexpr int64_t pool = 75;

/// After Fig. 2 of Bahdanau et al. 2014: about equal numbers of weights, equal text, equal time.
StudyPlan length_plan() {
  StudyPlan plan;
  plan.kind = StudyKind::length;
  plan.task = {.train = 30000, .valid = 100, .test = 40 * pool, .min_length = 1, .max_length = 60};
  plan.per_bin = 40;
  plan.models = {
      {"fixed context", "encoder_decoder", fixed, "phrases", {"hidden=84"}},
      {"RNNsearch", "rnn_search", search, "phrases", {"hidden=80"}},
      {"Transformer", "transformer", transformer, "phrases", {}},
  };
  plan.seeds = 2;
  plan.minutes = 1.8;
  plan.settings = {"training.batch_tokens=1500"};
  return plan;
}

StudyPlan variants_plan() {
  StudyPlan plan;
  plan.kind = StudyKind::variants;
  plan.task = {.train = 20000, .valid = 100, .test = 500};
  plan.models = {
      {"additive", "additive", search, "phrases", {}},
      {"dot", "dot", search, "phrases", {"attention=dot"}},
      {"scaled dot", "scaled", search, "phrases", {"attention=scaled"}},
      {"general", "general", search, "phrases", {"attention=general"}},
      {"concat", "concat", search, "phrases", {"attention=concat"}},
      {"location", "location", search, "phrases", {"attention=location", "max_length=16"}},
      {"local, monotonic", "monotonic", search, "phrases", {"attention_window=4"}},
      {"local, predictive",
       "predictive",
       search,
       "phrases",
       {"attention_window=4", "attention_local=predictive"}},
      {"coverage", "coverage", search, "phrases", {"coverage=true"}},
      {"sparsemax", "sparsemax", search, "phrases", {"attention_normaliser=sparsemax"}},
      {"input feeding", "input_feeding", search, "phrases", {"input_feeding=true"}},
      {"none: fixed context", "fixed", fixed, "phrases", {}},
  };
  plan.minutes = 0.7;
  plan.equal_steps = true;
  return plan;
}

/// After Fig. 3 of the same paper. It compares nothing, so its updates need not fit into a time:
/// the sheet is the same on any machine, however busy.
StudyPlan alignment_plan() {
  StudyPlan plan;
  plan.kind = StudyKind::alignment;
  plan.task = {.train = 20000, .valid = 100, .test = 500};
  plan.models = {{"RNNsearch", "rnn_search", search, "phrases", {}}};
  plan.steps = 2500;
  return plan;
}

std::string joined(const std::vector<std::string>& settings) {
  std::string out;
  for (const std::string& setting : settings) out += (out.empty() ? "" : " ") + setting;
  return out;
}

/// The same number of test sentences of each range of lengths.
std::vector<Pair> evenly_long(const std::vector<Pair>& pairs, const StudyPlan& plan) {
  std::vector<int64_t> taken(static_cast<std::size_t>(plan.task.max_length / plan.bin + 1));
  std::vector<Pair> out;
  for (const Pair& pair : pairs) {
    int64_t& count = taken[static_cast<std::size_t>((word_count(pair.source) - 1) / plan.bin)];
    if (count++ < plan.per_bin) out.push_back(pair);
  }
  return out;
}

}  // namespace

const char* to_string(StudyKind kind) {
  switch (kind) {
    case StudyKind::variants:
      return "variants";
    case StudyKind::alignment:
      return "alignment";
    case StudyKind::length:
      break;
  }
  return "length";
}

std::vector<std::string> study_names() {
  std::vector<std::string> names;
  for (const StudyKind kind : kinds) names.emplace_back(to_string(kind));
  return names;
}

StudyKind study_kind(const std::string& name) {
  for (const StudyKind kind : kinds) {
    if (name == to_string(kind)) return kind;
  }
  throw ConfigError("study: unknown study '" + escaped(name) +
                    "'; there are length, alignment and variants" +
                    did_you_mean(name, study_names()));
}

StudyPlan study_plan(StudyKind kind) {
  switch (kind) {
    case StudyKind::variants:
      return variants_plan();
    case StudyKind::alignment:
      return alignment_plan();
    case StudyKind::length:
      break;
  }
  return length_plan();
}

Config study_config(const StudyPlan& plan, const StudyModel& model) {
  Config config = preset(model.preset, model.kind);
  // The learning rate falls to 0 at the last update, whose number the study decides.
  config.training.schedule = ScheduleKind::cosine;
  config.training.steps = std::max<int64_t>(plan.steps, 1);
  config.training.epochs = 0;
  config.training.minutes = 0;
  for (const std::string& setting : model.settings) apply_setting(config, setting);
  for (const std::string& setting : plan.settings) apply_setting(config, setting);
  return config;
}

std::vector<std::pair<std::string, std::string>> describe(const StudyPlan& plan) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"study", to_string(plan.kind)},
      {"train", std::to_string(plan.task.train)},
      {"valid", std::to_string(plan.task.valid)},
      {"test", std::to_string(plan.task.test)},
      {"data seed", std::to_string(plan.task.seed)},
      {"max length", std::to_string(plan.task.max_length)},
      {"test sentences of a range of lengths", std::to_string(plan.per_bin)},
      {"seeds", std::to_string(plan.seeds)},
      {"minutes", json_number(plan.minutes)},
      {"steps", std::to_string(plan.steps)},
      {"settings", joined(plan.settings)}};
  for (const StudyModel& model : plan.models) {
    all.push_back({"model " + model.name, std::string(to_string(model.kind)) + " " + model.preset +
                                              " " + joined(model.settings)});
  }
  return all;
}

TaskData study_data(const StudyPlan& plan) {
  TaskData data = make_task("phrases", plan.task);
  if (plan.per_bin > 0) data.test = evenly_long(data.test, plan);
  return data;
}

void set_test_size(StudyPlan& plan, int64_t sentences) {
  if (plan.per_bin == 0) {
    plan.task.test = sentences;
    return;
  }
  const int64_t bins = plan.task.max_length / plan.bin;
  plan.per_bin = (sentences + bins - 1) / bins;
  plan.task.test = pool * plan.per_bin;
}

int64_t word_count(const std::string& line) {
  int64_t words = line.empty() ? 0 : 1;
  for (const char c : line) words += c == ' ';
  return words;
}

}  // namespace heed::tools
