#pragma once

#include <string>

namespace heed {

/// How a training may use a folder that isn't empty: not at all, to go on with its run, or anew.
enum class FolderUse { fresh, resume, overwrite };

/// Checks, and changes nothing: `ConfigError` if `folder` is not empty for a fresh run or has no
/// run to resume, `IoError` if it is not a folder.
void check_run_folder(const std::string& folder, FolderUse use);

/// Makes the folder and, for `overwrite`, removes what a run and its model left there (other files
/// stay). Call it with the folder checked; a lock on it comes between making and clearing.
void clear_run_folder(const std::string& folder);

}  // namespace heed
