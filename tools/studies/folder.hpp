#pragma once

#include <string>
#include <vector>

#include "../../core/files/files.hpp"
#include "plan.hpp"

namespace heed::tools {

/// What one trained model of a study gave.
struct PartResult {
  int64_t parameters = 0, steps = 0;
  /// Time in training steps, and what a pass over the training text takes at that speed.
  double seconds = 0, seconds_per_epoch = 0;
  /// Greedy translations of the test sentences.
  std::vector<std::string> translations;
  /// For each test sentence the words of the reference with a gold alignment, and how many of them
  /// had their strongest weight on it while the model read the reference; empty without attention.
  std::vector<int64_t> linked, agreeing;
};

/// The folder of a study: `study.json` (what is studied), `data/` (its text), `parts/MODEL-SEED/`
/// (a model folder each, with its `test.out` and `result.json`),
/// `parts/MODEL.json` (its number of updates).
class StudyFolder {
 public:
  /// Makes the folder, or opens it to go on with the study in it. `ConfigError` if it holds
  /// something else, another study, one with other settings (all are listed), or is in use.
  StudyFolder(const std::string& path, const StudyPlan& plan);

  std::string file(const std::string& name) const { return join_path(path_, name); }
  /// A file of `data/`.
  std::string text(const std::string& name) const { return join_path(file("data"), name); }
  /// The model folder of a part.
  std::string part(const StudyModel& model, int64_t seed) const;

  /// Writes `data/` unless it is there.
  void write_data(const TaskData& data) const;

  /// The updates that a model's minutes were fitted to; 0: not fitted yet.
  int64_t fitted_steps(const StudyModel& model) const;
  void write_fitted_steps(const StudyModel& model, int64_t steps) const;

  bool has_result(const StudyModel& model, int64_t seed) const;
  /// `FormatError` if the files are damaged or are not about that many test sentences.
  PartResult read_result(const StudyModel& model, int64_t seed, std::size_t sentences) const;
  void write_result(const StudyModel& model, int64_t seed, const PartResult& result) const;

 private:
  std::string path_;
  FolderLock lock_;
};

}  // namespace heed::tools
