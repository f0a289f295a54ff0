#pragma once

#include <string>

namespace heed {

/// How a training may use a folder that isn't empty: not at all, to go on with its run, or anew.
enum class FolderUse { fresh, resume, overwrite };

/// Checks, and changes nothing: `ConfigError` if `folder` is not empty for a fresh run or has no
/// run to resume, `IoError` if it is not a folder or its `checkpoints` is a link.
void check_run_folder(const std::string& folder, FolderUse use);

/// Removes what a run and its model left in a folder, for `overwrite`; other files stay, and links
/// are removed, not followed. Call it with the folder checked and locked.
void clear_run_folder(const std::string& folder);

}  // namespace heed
