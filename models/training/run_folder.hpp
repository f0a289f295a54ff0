#pragma once

#include <memory>
#include <string>

namespace heed {

class FolderLock;

/// How a training may use a folder that isn't empty: not at all, to go on with its run, or anew.
enum class FolderUse { fresh, resume, overwrite };

/// What a person writes for the two other uses, in messages.
struct FolderWords {
  const char *resume = "FolderUse::resume", *overwrite = "FolderUse::overwrite";
};

/// Checks, and changes nothing: `ConfigError` if `folder` is not empty for a fresh run or has no
/// run to resume, `IoError` if it is not a folder or its `checkpoints` is a link.
void check_run_folder(const std::string& folder, FolderUse use, FolderWords words = {});

/// Makes the folder if it is absent, checks it and locks it as long as the result lives. What an
/// interrupted writing left is removed, and for `overwrite` what a run and its model left: other
/// files stay, and links are removed, not followed. Throws as above, `IoError` if it is in use.
std::unique_ptr<FolderLock> open_run_folder(const std::string& folder, FolderUse use);

}  // namespace heed
