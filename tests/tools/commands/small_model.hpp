#pragma once

#include <string>
#include <vector>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Words = std::vector<std::string>;

/// A small task and a model that was trained on it for a few steps.
struct SmallModel {
  SmallModel();
  /// The command line that trains such a model in `out`, and `more`.
  Words train_words(const std::string& out, const Words& more) const;
  Words translate_words(const Words& more) const;

  /// The texts are in d, the model in m.
  TemporaryFolder folder;
  CommandResult made, trained;
};

/// The one that a program's tests share, made once.
const SmallModel& small_model();
