#pragma once

#include <string>
#include <vector>

#include "commands.hpp"

namespace heed::tools {

/// The shells there are completions for.
const std::vector<std::string>& shell_names();
/// What one of these shells runs to complete the command's words: verbs, the flags of each, values
/// of flags with fixed ones, file names where text is expected, nothing where a number is.
std::string completion(const CommandDescription& command, const std::string& shell);

}  // namespace heed::tools
