#include "run_folder.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "training_checkpoint.hpp"

namespace heed {

namespace {

/// Are there files that someone may miss?
bool holds_files(const std::string& folder) {
  const std::vector<std::string> names = folder_entries(folder);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name != ".lock" && !is_temporary_name(name);
  });
}

/// Removes what a run and its model left, and nothing else.
void clear_run_folder(const std::string& folder) {
  clear_checkpoints(folder);
  for (const char* name :
       {"log.jsonl", "model.safetensors", "config.json", "source.vocab", "target.vocab"}) {
    remove_file(join_path(folder, name));
  }
}

}  // namespace

void check_run_folder(const std::string& folder, FolderUse use, FolderWords words) {
  const bool exists = path_exists(folder);
  if (exists && !is_folder(folder)) {
    throw IoError(escaped(folder) + ": is a file; a run needs a folder");
  }
  if (use == FolderUse::fresh && exists && holds_files(folder)) {
    throw ConfigError(escaped(folder) + ": is not empty; go on with " + words.resume +
                      ", start anew with " + words.overwrite + ", or choose another folder");
  }
  const std::string checkpoints = own_checkpoints_folder(folder);
  const auto has = [&](const char* name) { return path_exists(join_path(folder, name)); };
  // A run that ended before its first checkpoint has its history alone.
  const bool has_run =
      exists && (has("config.json") || has("log.jsonl") || path_exists(checkpoints));
  if (use == FolderUse::resume && !has_run) {
    throw ConfigError(escaped(folder) + ": has no run to resume; leave " + words.resume +
                      " out to start one");
  }
}

std::unique_ptr<FolderLock> open_run_folder(const std::string& folder, FolderUse use) {
  check_run_folder(folder, use);
  make_folder(folder);
  auto lock = std::make_unique<FolderLock>(folder);
  check_run_folder(folder, use);
  remove_temporaries(folder);
  if (use == FolderUse::overwrite) clear_run_folder(folder);
  const std::string checkpoints = own_checkpoints_folder(folder);
  if (is_folder(checkpoints)) remove_temporaries(checkpoints);
  return lock;
}

}  // namespace heed
