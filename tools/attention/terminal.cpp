#include "terminal.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "../terminal/display_text.hpp"
#include "maps.hpp"

namespace heed::tools {

namespace {

constexpr int64_t cell_width = 2;         // a cell of two columns is about square
constexpr int64_t most_rows = 60;         // target tokens drawn
constexpr int64_t most_steps = 16;        // source words drawn as stairs
constexpr int64_t tallest_label = 12;     // rows of a vertical word
constexpr int64_t widest_row_label = 24;  // columns of a target word
constexpr int64_t narrowest_label = 6;    // columns of a source word on the stairs
constexpr std::size_t most_heads = 4;
constexpr int64_t most_columns = 4096;

std::string repeat(std::string_view piece, int64_t times) {
  std::string out;
  for (int64_t i = 0; i < times; ++i) out += piece;
  return out;
}

std::string padded_left(const std::string& text, int64_t width) {
  return repeat(" ", width - display_width(text)) + text;
}

// Colour: dark blue for 0 over teal to light yellow for 1,
// so that lightness alone tells the weight.
struct Rgb {
  std::array<int, 3> channels;
};

Rgb ramp(double weight) {
  static constexpr std::array<Rgb, 5> stops = {
      {{{31, 34, 56}}, {{49, 83, 142}}, {{33, 145, 140}}, {{122, 204, 92}}, {{253, 231, 76}}}};
  const double place = std::clamp(weight, 0.0, 1.0) * (stops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), stops.size() - 2);
  const double part = place - static_cast<double>(below);
  Rgb out{};
  for (std::size_t i = 0; i < 3; ++i)
    out.channels[i] = static_cast<int>(
        std::lround(stops[below].channels[i] * (1 - part) + stops[below + 1].channels[i] * part));
  return out;
}

/// The same among the 256 colours.
int palette_color(double weight) {
  static constexpr std::array<int, 10> colors = {235, 23, 24, 30, 36, 78, 113, 149, 185, 227};
  const double place = std::clamp(weight, 0.0, 1.0) * (colors.size() - 1);
  return colors[static_cast<std::size_t>(std::lround(place))];
}

std::string background(double weight, Colors colors) {
  if (colors == Colors::palette) return "\033[48;5;" + std::to_string(palette_color(weight)) + "m";
  const auto [red, green, blue] = ramp(weight).channels;
  return "\033[48;2;" + std::to_string(red) + ";" + std::to_string(green) + ";" +
         std::to_string(blue) + "m";
}

struct Shade {
  double from;
  const char* block;
};
constexpr std::array<Shade, 4> shades = {{{0.7, "█"}, {0.5, "▓"}, {0.3, "▒"}, {0.1, "░"}}};

std::string_view shade(double weight) {
  for (const Shade& s : shades)
    if (weight >= s.from) return s.block;
  return " ";
}

std::string cell(double weight, Colors colors) {
  if (colors == Colors::none) return repeat(shade(weight), cell_width);
  return background(weight, colors) + repeat(" ", cell_width);
}

std::string legend(Colors colors) {
  std::string out = "weight ";
  if (colors == Colors::none) {
    for (auto s = shades.rbegin(); s != shades.rend(); ++s) {
      out.append(" ").append(repeat(s->block, cell_width));
      out.append(" ").append(std::to_string(s->from), 0, 3).append(" ");
    }
    return out + "or more";
  }
  constexpr int steps = 20;
  out += "0 ";
  for (int i = 0; i < steps; ++i)
    out += background(static_cast<double>(i) / (steps - 1), colors) + " ";
  return out + "\033[0m 1";
}

/// What of a map is drawn, and where.
struct Layout {
  int64_t label_width, rows, columns, width;
};

Layout layout(const AttentionMap& map, int64_t width) {
  Layout l{};
  width = std::clamp<int64_t>(width, 20, most_columns);
  for (const std::string& row : map.rows)
    l.label_width = std::max(l.label_width, display_width(row));
  l.label_width = std::min({l.label_width, widest_row_label, width / 3});
  l.rows = std::min(static_cast<int64_t>(map.rows.size()), most_rows);
  const int64_t frame = 3;  // a space and two lines
  l.columns = std::min(static_cast<int64_t>(map.columns.size()),
                       (width - l.label_width - frame) / cell_width);
  l.width = width;
  return l;
}

bool stairs_fit(const AttentionMap& map, const Layout& l) {
  if (l.columns > most_steps) return false;
  bool words = false;
  for (int64_t c = 0; c < l.columns; ++c) {
    const int64_t label = display_width(map.columns[static_cast<std::size_t>(c)]);
    const int64_t room = l.width - l.label_width - 4 - cell_width * c;
    if (room < std::min(label, narrowest_label)) return false;
    words = words || label > cell_width;
  }
  return words;
}

/// Each source word on a line of its own, with a line down to its column.
std::string stairs(const AttentionMap& map, const Layout& l) {
  std::string out;
  for (int64_t c = 0; c < l.columns; ++c) {
    const int64_t room = l.width - l.label_width - 4 - cell_width * c;
    out += repeat(" ", l.label_width + 2) + repeat("│ ", c) + "╭ " +
           shortened(map.columns[static_cast<std::size_t>(c)], room) + "\n";
  }
  return out;
}

/// Source words written downwards, one character a line, ending at the frame.
std::string vertical_labels(const AttentionMap& map, const Layout& l) {
  std::vector<std::vector<Cluster>> labels;
  std::size_t height = 0;
  for (int64_t c = 0; c < l.columns; ++c) {
    auto label = clusters(map.columns[static_cast<std::size_t>(c)]);
    if (label.size() > tallest_label) {
      label.resize(tallest_label - 1);
      label.push_back({"⋮", 1});
    }
    height = std::max(height, label.size());
    labels.push_back(std::move(label));
  }
  std::string out;
  for (std::size_t line = 0; line < height; ++line) {
    out += repeat(" ", l.label_width + 2);
    for (const auto& label : labels) {
      const std::size_t blank = height - label.size();
      const Cluster shown = line < blank ? Cluster{"", 0} : label[line - blank];
      out += shown.text + repeat(" ", cell_width - shown.width);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

std::string grid(const AttentionMap& map, const Layout& l, Colors colors, bool leaders) {
  const std::string margin = repeat(" ", l.label_width + 1);
  std::string out = margin + "┌" + repeat(leaders ? "┴─" : "──", l.columns) + "┐\n";
  for (int64_t r = 0; r < l.rows; ++r) {
    const auto row = static_cast<std::size_t>(r);
    out += padded_left(shortened(map.rows[row], l.label_width), l.label_width) + " │";
    for (int64_t c = 0; c < l.columns; ++c)
      out += cell(static_cast<double>(map.weight(row, static_cast<std::size_t>(c))), colors);
    out += colors == Colors::none ? "│\n" : "\033[0m│\n";
  }
  return out + margin + "└" + repeat("──", l.columns) + "┘\n";
}

std::string cut_note(const AttentionMap& map, const Layout& l) {
  const int64_t rows = static_cast<int64_t>(map.rows.size()) - l.rows;
  const int64_t columns = static_cast<int64_t>(map.columns.size()) - l.columns;
  if (rows == 0 && columns == 0) return "";
  std::string out = "not drawn: ";
  if (columns > 0) out += std::to_string(columns) + " source tokens on the right";
  if (rows > 0 && columns > 0) out += ", ";
  if (rows > 0) out += std::to_string(rows) + " target tokens below";
  return out + " (--attention FILE.html shows all)\n";
}

std::string draw(const AttentionMap& map, const TerminalStyle& style) {
  const Layout l = layout(map, style.width);
  const bool leaders = stairs_fit(map, l);
  return (leaders ? stairs(map, l) : vertical_labels(map, l)) +
         grid(map, l, style.colors, leaders) + cut_note(map, l);
}

}  // namespace

TerminalStyle terminal_style(int file_descriptor, bool color) {
  TerminalStyle style;
  winsize size{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  if (!color) return style;
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  const std::string_view depth = environment("COLORTERM");
  const bool full = depth == "truecolor" || depth == "24bit" ||
                    environment("TERM").find("direct") != std::string_view::npos;
  style.colors = full ? Colors::full : Colors::palette;
  return style;
}

std::string draw_attention(const Translation& translation, const TerminalStyle& style) {
  const std::vector<AttentionMap> maps = attention_maps(translation);
  if (maps.empty()) return "";
  std::string out;
  std::size_t drawn = 0;
  for (const AttentionMap& map : maps) {
    if (map.layer != maps.back().layer || drawn == most_heads) continue;
    if (maps.size() > 1) out += map.title + "\n";
    out += draw(map, style);
    ++drawn;
  }
  out += legend(style.colors) + "\n";
  if (drawn < maps.size())
    out += std::to_string(maps.size() - drawn) +
           " more heads are not drawn (--attention FILE.html shows all)\n";
  return out;
}

}  // namespace heed::tools
