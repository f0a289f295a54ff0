#pragma once

#include <string>
#include <vector>

#include "command_line.hpp"

namespace heed::tools {

/// A line on stderr that tells what is waited for, if standard input is a terminal.
void hint_if_terminal(const std::string& what, const CommonFlags& common);
/// All lines of standard input.
std::vector<std::string> read_standard_input(std::vector<std::string>& notes);

}  // namespace heed::tools
