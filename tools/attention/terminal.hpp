#pragma once

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// Colours that a terminal can show.
enum class Colors { none, palette, full };

/// How a drawing fits a terminal.
struct TerminalStyle {
  /// Columns of the terminal.
  int64_t width = 80;
  /// `none` draws with shaded blocks, `palette` with the 256 colours, `full` with 24-bit colour.
  Colors colors = Colors::none;
};

/// The width of the terminal behind `file_descriptor` (80 where there is none), and, if `color`
/// allows it, the colours that the environment (COLORTERM, TERM) promises.
TerminalStyle terminal_style(int file_descriptor, bool color);

/// The attention of a translation as heat maps of text: source tokens across the top, target tokens
/// down the side. Sentences that do not fit are cut, with a note. Of many heads the last layer's
/// first four are drawn, with a note about the others.
/// Ends with a line end; empty without attention.
std::string draw_attention(const Translation& translation, const TerminalStyle& style = {});

}  // namespace heed::tools
