#pragma once

#include <string>
#include <vector>

namespace heed::tools {

/// Rows of cells as lines with aligned columns: the first column to the left, the others to the
/// right. A row may have fewer cells than others; an empty one is an empty line.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

/// `97.3`.
std::string with_decimals(double value, int decimals);

/// `0:07`, `12:34`, `1:02:03`.
std::string clock_time(double seconds);

}  // namespace heed::tools
