#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heed::tools {

/// Columns that `code_point` takes in a terminal: 0 (combining marks, joiners), 1, or 2 (East Asian
/// wide, emoji). Unicode 14: general categories Mn, Me and Cf; East Asian Width W and F (UAX 11).
int64_t display_width(char32_t code_point);

/// What a reader sees as one character: a base with its marks, or emoji joined by U+200D.
struct Cluster {
  std::string text;
  int64_t width = 0;
};

/// The clusters of valid UTF-8.
std::vector<Cluster> clusters(const std::string& text);
/// Columns that `text` takes in a terminal.
int64_t display_width(const std::string& text);
/// `text` in at most `width` columns; what does not fit is replaced by an ellipsis.
std::string shortened(const std::string& text, int64_t width);

/// A token as drawings show it, harmless in terminals and XML: control characters and invalid UTF-8
/// as `\xNN`, without characters that reorder their neighbours, white space as U+2423.
std::string visible(const std::string& token);

}  // namespace heed::tools
