#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../../models/config/config.hpp"
#include "../tasks/tasks.hpp"

/// What the studies of `heed study` train. Sizes and budgets are tuned in plan.cpp alone.
namespace heed::tools {

enum class StudyKind { length, variants, alignment };
/// `length`, `variants`, `alignment`.
const char* to_string(StudyKind kind);
std::vector<std::string> study_names();
/// `ConfigError` lists the names.
StudyKind study_kind(const std::string& name);

/// A model of a study: a preset and the keys that it changes, as `heed train --set` takes them.
struct StudyModel {
  /// What results and pictures call it, and what its folder is called.
  std::string name, folder;
  ModelKind kind = ModelKind::rnn_search;
  std::string preset;
  std::vector<std::string> settings{};
};

struct StudyPlan {
  StudyKind kind = StudyKind::length;
  /// The task `phrases`.
  TaskOptions task;
  /// Test sentences of each `bin` lengths, taken from the task's test part; 0: all of that part.
  int64_t per_bin = 0, bin = 5;
  std::vector<StudyModel> models;
  int64_t seeds = 1;
  /// Minutes of training steps of each model, which its number of updates is fitted to once; or
  /// that number itself, if not 0.
  double minutes = 1;
  int64_t steps = 0;
  /// Every model makes as many updates as the first one: equal data instead of equal time.
  bool equal_steps = false;
  /// Keys over those of every model.
  std::vector<std::string> settings;
};

/// The study as it is published.
StudyPlan study_plan(StudyKind kind);

/// Changes the number of test sentences, about: a study of lengths takes equally
/// many of each range.
void set_test_size(StudyPlan& plan, int64_t sentences);

/// The configuration of one model of a study, but for its data and seed; with 1 update where their
/// number is yet to be fitted.
Config study_config(const StudyPlan& plan, const StudyModel& model);

/// Everything that results depend on, as names and values: a study that goes on must have the same.
std::vector<std::pair<std::string, std::string>> describe(const StudyPlan& plan);

/// The examples of the study's task.
TaskData study_data(const StudyPlan& plan);

/// Number of words, separated by single spaces.
int64_t word_count(const std::string& line);

}  // namespace heed::tools
