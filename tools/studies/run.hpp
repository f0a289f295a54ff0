#pragma once

#include <vector>

#include "../../models/training/trainer.hpp"
#include "folder.hpp"

namespace heed::tools {

/// The results of one model of a study, one for each seed.
struct ModelResults {
  StudyModel model;
  std::vector<PartResult> seeds;
};

/// Trains what a study has not trained yet and translates its test sentences: all models of the
/// first seed, then of the next. Every finished part is stored, an unfinished one goes on from its
/// last checkpoint. Returns the signal that stopped it, or 0 with all results in `results`.
int run_study(const StudyPlan& plan, const StudyFolder& folder, const TaskData& data,
              TrainingObserver& observer, std::vector<ModelResults>& results);

}  // namespace heed::tools
