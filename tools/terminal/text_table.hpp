#pragma once

#include <string>
#include <vector>

namespace heed::tools {

/// Rows of cells as lines with aligned columns: the first column to the left, the others to the
/// right. A row may have fewer cells than others; an empty one is an empty line.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

/// `97.3`.
std::string with_decimals(double value, int decimals);

}  // namespace heed::tools
