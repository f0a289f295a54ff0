#pragma once

#include <string>

#include "commands.hpp"

namespace heed::tools {

/// The manual page heed(1), in the language of man(7); ASCII alone.
std::string manual_page(const CommandDescription& command);

}  // namespace heed::tools
