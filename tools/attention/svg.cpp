#include "svg.hpp"

#include <algorithm>
#include <cmath>

#include "../pictures/svg.hpp"
#include "../terminal/display_text.hpp"
#include "maps.hpp"

namespace heed::tools {

namespace {

using namespace svg;

// Lengths are in pixels of the drawing's own coordinates.
constexpr double margin = 24, gap = 36, label_gap = 6, title_height = 18, heading_size = 15,
                 legend_height = 56;
constexpr double slant = 50;  // degrees by which the source words rise
constexpr double radians = slant * 3.14159265358979 / 180;
constexpr int64_t longest_label = 24;     // columns, in the sense of display_width
constexpr double smallest_weight = 0.01;  // a cell below it is left white
constexpr std::size_t most_hints =
    10000;  // cells up to which each says its weight under the pointer
constexpr std::size_t most_across = 8;

/// White for 0 to dark blue for 1, linear in each channel: its lightness falls evenly.
std::string color(double weight) {
  const double w = std::clamp(weight, 0.0, 1.0);
  const auto channel = [&](double dark) {
    return static_cast<int>(std::lround(255 + (dark - 255) * w));
  };
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", channel(8), channel(38), channel(84));
  return text;
}

/// Sizes of one heat map on the sheet; its origin is the top left corner.
struct Panel {
  AttentionMap map;
  std::string title;
  double cell = 0, font = 0;
  double left = 0, top = 0;      // of the cells
  double width = 0, height = 0;  // of everything
};

double longest(const std::vector<std::string>& labels, double font) {
  double width = 0;
  for (const std::string& label : labels) width = std::max(width, text_width(label, font));
  return width;
}

Panel measure(AttentionMap map, double size, const std::string& title) {
  Panel p{.map = std::move(map), .title = title};
  for (auto* labels : {&p.map.rows, &p.map.columns})
    for (std::string& label : *labels) label = shortened(label, longest_label);
  const std::size_t tokens = std::max({p.map.rows.size(), p.map.columns.size(), std::size_t{1}});
  p.cell = std::clamp(size / static_cast<double>(tokens), 9.0, 30.0);
  p.font = std::clamp(p.cell * 0.62, 7.5, 15.0);
  p.left = longest(p.map.rows, p.font) + label_gap;
  p.top = longest(p.map.columns, p.font) * std::sin(radians) + p.font + label_gap +
          (title.empty() ? 0 : title_height);
  // A slanted label reaches beyond its column.
  double right = 0;
  const std::size_t columns = p.map.columns.size();
  for (std::size_t c = 0; c < columns; ++c)
    right = std::max(right, static_cast<double>(c) * p.cell + p.cell / 2 +
                                text_width(p.map.columns[c], p.font) * std::cos(radians) + p.font);
  right = std::max(right, static_cast<double>(columns) * p.cell);
  p.width = p.left + right;
  p.height = p.top + static_cast<double>(p.map.rows.size()) * p.cell;
  return p;
}

std::string labels(const Panel& p) {
  std::string out = "<g" + attribute("font-size", p.font) + ">\n";
  for (std::size_t c = 0; c < p.map.columns.size(); ++c) {
    const double x = p.left + (static_cast<double>(c) + 0.5) * p.cell;
    out += label(p.map.columns[c], " transform=\"translate(" + number(x + p.font * 0.3) + " " +
                                       number(p.top - label_gap) + ") rotate(" + number(-slant) +
                                       ")\"");
  }
  for (std::size_t r = 0; r < p.map.rows.size(); ++r) {
    const double y = p.top + (static_cast<double>(r) + 0.5) * p.cell + p.font * 0.35;
    out += label(p.map.rows[r],
                 attribute("x", p.left - label_gap) + attribute("y", y) + " text-anchor=\"end\"");
  }
  if (!p.title.empty())
    out += "<text" + attribute("x", p.left) + attribute("y", title_height * 0.6) +
           " font-size=\"13\" font-weight=\"bold\">" + escaped_xml(p.title) + "</text>\n";
  return out + "</g>\n";
}

std::string cells(const Panel& p) {
  const std::size_t rows = p.map.rows.size(), columns = p.map.columns.size();
  std::string out = "<g shape-rendering=\"crispEdges\">\n";
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const auto weight = static_cast<double>(p.map.weight(r, c));
      if (weight < smallest_weight) continue;
      out += "<rect" + attribute("x", p.left + static_cast<double>(c) * p.cell) +
             attribute("y", p.top + static_cast<double>(r) * p.cell) + attribute("width", p.cell) +
             attribute("height", p.cell) + " fill=\"" + color(weight) + "\"";
      if (rows * columns > most_hints)
        out += "/>\n";
      else
        out += "><title>" + escaped_xml(p.map.rows[r] + " ← " + p.map.columns[c]) + " " +
               number(weight) + "</title></rect>\n";
    }
  return out + "</g>\n";
}

/// Light lines between the cells and a darker frame.
std::string grid(const Panel& p) {
  const double right = p.left + static_cast<double>(p.map.columns.size()) * p.cell;
  const double bottom = p.top + static_cast<double>(p.map.rows.size()) * p.cell;
  std::string path;
  const auto line = [&](double x, double y, const char* towards, double end) {
    path.append("M").append(number(x)).append(" ").append(number(y));
    path.append(towards).append(number(end));
  };
  for (std::size_t c = 1; c < p.map.columns.size(); ++c)
    line(p.left + static_cast<double>(c) * p.cell, p.top, "V", bottom);
  for (std::size_t r = 1; r < p.map.rows.size(); ++r)
    line(p.left, p.top + static_cast<double>(r) * p.cell, "H", right);
  return "<path d=\"" + path + "\" stroke=\"#c9ccd1\" stroke-width=\"0.6\" fill=\"none\"/>\n<rect" +
         attribute("x", p.left) + attribute("y", p.top) + attribute("width", right - p.left) +
         attribute("height", bottom - p.top) +
         " stroke=\"#555\" stroke-width=\"1\" fill=\"none\"/>\n";
}

std::string placed(const Panel& p, double x, double y) {
  return "<g transform=\"translate(" + number(x) + " " + number(y) + ")\">\n" + cells(p) + grid(p) +
         labels(p) + "</g>\n";
}

std::string legend(double x, double y) {
  constexpr int steps = 5;
  constexpr double width = 36, height = 14;
  std::string out = "<g font-size=\"12\" transform=\"translate(" + number(x) + " " + number(y) +
                    ")\">\n<text x=\"0\" y=\"-6\">weight</text>\n";
  for (int i = 0; i < steps; ++i) {
    const double weight = static_cast<double>(i) / (steps - 1);
    out += "<rect" + attribute("x", i * width) + attribute("y", 0) + attribute("width", width) +
           attribute("height", height) + " fill=\"" + color(weight) +
           "\" stroke=\"#555\" stroke-width=\"0.6\"/>\n<text" + attribute("x", (i + 0.5) * width) +
           attribute("y", height + 13) + " text-anchor=\"middle\">" + number(weight) + "</text>\n";
  }
  return out + "</g>\n";
}

/// Panels beside each other, under the name of their layer where a translation has several maps.
struct Row {
  std::string heading;
  std::vector<Panel> panels;
};

/// The heads of a layer share rows; so do translations with a single map.
std::vector<Row> rows(std::span<const Translation> translations, std::size_t across) {
  std::vector<Row> out;
  const double size = translations.size() == 1 ? 520 : 340;
  bool flowing = false;
  for (const Translation& translation : translations) {
    std::vector<AttentionMap> maps = attention_maps(translation);
    const bool single = maps.size() == 1;
    for (AttentionMap& map : maps) {
      const bool joins =
          !out.empty() && out.back().panels.size() < across && (single ? flowing : map.head > 0);
      if (!joins) out.emplace_back();
      if (!single && map.head == 0)
        out.back().heading = visible(translation.attention[map.layer].name);
      const std::string title = single ? "" : "head " + std::to_string(map.head);
      out.back().panels.push_back(measure(std::move(map), single ? size : 240, title));
      flowing = single;
    }
  }
  return out;
}

std::size_t natural_across(std::span<const Translation> translations) {
  std::size_t heads = 1;
  for (const Translation& translation : translations)
    for (const AttentionLayer& layer : translation.attention)
      heads = std::max(heads, layer.heads.size());
  if (heads == 1) return translations.size() > 1 ? 2 : 1;
  return std::min(heads, most_across);
}

}  // namespace

std::string attention_svg(std::span<const Translation> translations, int64_t panels_across) {
  const std::size_t across =
      panels_across > 0 ? static_cast<std::size_t>(panels_across) : natural_across(translations);
  std::string body;
  double y = margin, width = 0;
  for (const Row& row : rows(translations, across)) {
    if (!row.heading.empty()) {
      body +=
          label(row.heading, attribute("x", margin) + attribute("y", y + heading_size) +
                                 attribute("font-size", heading_size) + " font-weight=\"bold\"");
      y += 2 * heading_size;
    }
    double x = margin, height = 0;
    for (const Panel& panel : row.panels) {
      body += placed(panel, x, y);
      x += panel.width + gap;
      height = std::max(height, panel.height);
    }
    y += height + gap;
    width = std::max({width, x - gap + margin, 2 * margin + text_width(row.heading, heading_size)});
  }
  body += legend(margin, y);
  return sheet("Attention weights", "", body, std::max(width, 240.0), y + legend_height);
}

}  // namespace heed::tools
