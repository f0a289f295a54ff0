#include "chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "svg.hpp"

namespace heed::tools {

namespace {

using namespace svg;

constexpr double margin = 24, title_size = 20, text_size = 15, tick = 6;
constexpr const char* grid_color = "#d5d8dc";
constexpr const char* axis_color = "#555";

/// The least multiple of 1, 2 or 5 times a power of 10 that divides an axis into
/// at most `most` parts.
double tick_step(double low, double high, int most) {
  double step = std::pow(10, std::floor(std::log10((high - low) / most)));
  for (const double factor : {2.0, 2.5, 2.0}) {  // 1, 2, 5, 10 times the power
    if ((high - low) / step <= most * (1 + 1e-9)) break;
    step *= factor;
  }
  return step;
}

/// A rectangle for data, and the numbers at its edges.
struct Plot {
  double left, top, width, height;
  double x_low, x_high, y_low, y_high;

  double x(double value) const { return left + width * (value - x_low) / (x_high - x_low); }
  double y(double value) const {
    return top + height * (1 - (std::clamp(value, y_low, y_high) - y_low) / (y_high - y_low));
  }
  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

std::string at(double x, double y) { return attribute("x", x) + attribute("y", y); }

std::string centred(const std::string& text, double x, double y) {
  return label(text, at(x, y) + " text-anchor=\"middle\"");
}

/// `x y` of a path.
std::string point(double x, double y) { return number(x) + " " + number(y); }

std::string line(double x1, double y1, double x2, double y2, const std::string& color) {
  return "<path d=\"M" + point(x1, y1) + "L" + point(x2, y2) + "\" stroke=\"" + color + "\"/>\n";
}

std::string heading(const std::string& title, const std::string& subtitle) {
  return label(title, at(margin, margin + title_size * 0.7) + attribute("font-size", title_size) +
                          " font-weight=\"bold\"") +
         label(subtitle, at(margin, margin + title_size * 0.7 + 1.6 * text_size) +
                             attribute("font-size", text_size) + " fill=\"#333\"");
}

constexpr double heading_height = margin + title_size + 3 * text_size;

// --- Lines --------------------------------------------------------------------------------------

/// How a line differs from the others: in colour, in lightness, in dash and in marker.
struct Style {
  const char *color, *dash;
  /// The marker in a square from -1 to 1.
  const char* marker;
};
constexpr Style styles[] = {
    {"#a63c00", "2 6", "M-0.9 -0.9H0.9V0.9H-0.9Z"},
    {"#0a4f9e", "none", "M-1 0A1 1 0 1 0 1 0A1 1 0 1 0 -1 0Z"},
    {"#2f6b2f", "11 5", "M0 -1.1L1.1 0.9H-1.1Z"},
    {"#6a3d9a", "11 4 2 4", "M0 -1.2L1.2 0L0 1.2L-1.2 0Z"},
};

const Style& style_of(std::size_t number) { return styles[number % std::size(styles)]; }

std::string marker(const Style& style, double x, double y) {
  constexpr double radius = 5.5;
  return "<path d=\"" + std::string(style.marker) + "\" transform=\"translate(" + point(x, y) +
         ") scale(" + number(radius) + ")\" fill=\"" + style.color + "\" stroke=\"#fff\"" +
         attribute("stroke-width", 0.25) + "/>\n";
}

std::string stroke(const Style& style) {
  return " fill=\"none\" stroke=\"" + std::string(style.color) + "\" stroke-width=\"2.6\"" +
         " stroke-linecap=\"round\" stroke-linejoin=\"round\" stroke-dasharray=\"" + style.dash +
         "\"/>\n";
}

std::string band(const ChartLine& chart_line, const Style& style, const Plot& plot) {
  std::string path;
  const std::size_t n = chart_line.x.size();
  for (std::size_t i = 0; i < n; ++i)
    path += (i == 0 ? "M" : "L") + point(plot.x(chart_line.x[i]), plot.y(chart_line.y[i].high));
  for (std::size_t i = n; i-- > 0;)
    path += "L" + point(plot.x(chart_line.x[i]), plot.y(chart_line.y[i].low));
  return "<path d=\"" + path + "Z\" fill=\"" + style.color + "\" fill-opacity=\"0.16\"/>\n";
}

std::string curve(const ChartLine& chart_line, const Style& style, const Plot& plot) {
  std::string path, markers;
  for (std::size_t i = 0; i < chart_line.x.size(); ++i) {
    const double x = plot.x(chart_line.x[i]), y = plot.y(chart_line.y[i].value);
    path += (i == 0 ? "M" : "L") + point(x, y);
    markers += marker(style, x, y);
  }
  return "<path d=\"" + path + "\"" + stroke(style) + markers;
}

/// Where the names of the lines stand: at their ends, but at least `apart` from each other and
/// inside of the plot.
std::vector<double> name_heights(const LineChart& chart, const Plot& plot, double apart) {
  std::vector<std::pair<double, std::size_t>> ends;
  for (std::size_t i = 0; i < chart.lines.size(); ++i)
    ends.push_back({plot.y(chart.lines[i].y.back().value), i});
  std::sort(ends.begin(), ends.end());
  for (std::size_t i = 1; i < ends.size(); ++i)
    ends[i].first = std::max(ends[i].first, ends[i - 1].first + apart);
  double lowest = plot.bottom();
  for (auto end = ends.rbegin(); end != ends.rend(); ++end, lowest -= apart)
    end->first = std::min(end->first, lowest);
  std::vector<double> heights(ends.size());
  for (const auto& [height, number] : ends) heights[number] = height;
  return heights;
}

/// The names of the lines, each behind a sample of its line.
std::string line_names(const LineChart& chart, const Plot& plot) {
  constexpr double gap = 14, sample = 34;
  const std::vector<double> heights = name_heights(chart, plot, 1.5 * text_size);
  std::string out;
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const Style& style = style_of(i);
    const double end = plot.x(chart.lines[i].x.back()), x = plot.right() + gap, y = heights[i];
    out += line(end + 8, plot.y(chart.lines[i].y.back().value), x, y, "#999");
    out += "<path d=\"M" + point(x, y) + "H" + number(x + sample) + "\"" + stroke(style) +
           marker(style, x + sample / 2, y) +
           label(chart.lines[i].name, at(x + sample + 8, y + 0.35 * text_size));
  }
  return out;
}

std::string tick_text(double value, double step) {
  const int digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string axes(const LineChart& chart, const Plot& plot) {
  constexpr int most_x = 12, most_y = 6;
  const double x_step = tick_step(plot.x_low, plot.x_high, most_x),
               y_step = tick_step(plot.y_low, plot.y_high, most_y);
  std::string out;
  for (const double value : chart_ticks(plot.y_low, plot.y_high, most_y)) {
    const double y = plot.y(value);
    out += line(plot.left, y, plot.right(), y, grid_color);
    out += label(tick_text(value, y_step),
                 at(plot.left - tick - 3, y + 0.35 * text_size) + " text-anchor=\"end\"");
  }
  for (const double value : chart_ticks(plot.x_low, plot.x_high, most_x)) {
    const double x = plot.x(value);
    out += line(x, plot.bottom(), x, plot.bottom() + tick, axis_color);
    out += centred(tick_text(value, x_step), x, plot.bottom() + tick + text_size + 2);
  }
  out += line(plot.left, plot.bottom(), plot.right(), plot.bottom(), axis_color);
  out += line(plot.left, plot.top, plot.left, plot.bottom(), axis_color);
  out += centred(chart.x_title, plot.left + plot.width / 2, plot.bottom() + 3.4 * text_size);
  const double middle = plot.top + plot.height / 2, x = margin + 0.8 * text_size;
  return out + label(chart.y_title, " transform=\"translate(" + point(x, middle) +
                                        ") rotate(-90)\" text-anchor=\"middle\"");
}

// --- Dots ---------------------------------------------------------------------------------------

constexpr double row_height = 28, panel_width = 200, panel_gap = 34, value_width = 48;

/// As many decimals for every number of a panel.
std::string decimals(double value, double highest) {
  char text[32];
  std::snprintf(text, sizeof text, highest < 10 ? "%.2f" : "%.1f", value);
  return text;
}

/// A panel's axis: round numbers around all of its estimates, and the distance of its ticks.
struct Axis {
  double low = 0, high = 1, step = 1;
};

Axis axis_of(const DotPanel& panel) {
  double low = panel.from_zero ? 0 : HUGE_VAL, high = panel.from_zero ? 0 : -HUGE_VAL;
  for (const Estimate& e : panel.values) {
    if (std::isnan(e.value)) continue;
    low = std::min(low, e.low);
    high = std::max(high, e.high);
  }
  if (!(low <= high)) return {};
  if (low == high) return {low - 1, high + 1, 1};
  const double step = tick_step(low, high, 3);
  return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
}

std::string dot_row(const Estimate& e, const Plot& plot, double y) {
  const double text_x = plot.right() + value_width;
  std::string out = "<path d=\"M" + point(plot.left, y) + "H" + number(plot.right()) +
                    "\" stroke=\"#b4b8bd\" stroke-dasharray=\"1 4\"/>\n";
  if (std::isnan(e.value))
    return out + label("–", at(text_x, y + 0.35 * text_size) + " text-anchor=\"end\"");
  const double x = plot.x(e.value);
  if (e.high > e.low)
    out += "<path d=\"M" + point(plot.x(e.low), y) + "H" + number(plot.x(e.high)) + "\" stroke=\"" +
           styles[1].color + "\" stroke-width=\"3\" stroke-opacity=\"0.5\"/>\n";
  return out + marker(styles[1], x, y) +
         label(decimals(e.value, plot.x_high),
               at(text_x, y + 0.35 * text_size) + " text-anchor=\"end\"");
}

std::string dot_panel(const DotPanel& panel, double left, double top, std::size_t rows) {
  const Axis axis = axis_of(panel);
  const Plot plot{left,
                  top,
                  panel_width - value_width,
                  row_height * static_cast<double>(rows),
                  axis.low,
                  axis.high,
                  0,
                  1};
  std::string out = label(panel.title, at(left, top - 10) + " font-weight=\"bold\"");
  for (double value = axis.low; value < axis.high + axis.step / 2; value += axis.step) {
    const double x = plot.x(value);
    out += line(x, top, x, plot.bottom() + tick, grid_color);
    out += centred(tick_text(value, axis.step), x, plot.bottom() + tick + text_size + 2);
  }
  out += line(left, plot.bottom(), plot.right(), plot.bottom(), axis_color);
  for (std::size_t i = 0; i < rows; ++i)
    out += dot_row(panel.values[i], plot, top + row_height * (static_cast<double>(i) + 0.5));
  return out;
}

std::string body(const std::string& drawing) {
  return "<g" + attribute("font-size", text_size) + ">\n" + drawing + "</g>\n";
}

}  // namespace

std::vector<double> chart_ticks(double low, double high, int most) {
  if (!(high > low)) return {low};
  const double step = tick_step(low, high, most);
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  for (double k = first; k <= last; ++k) ticks.push_back(k * step + 0.0);  // + 0: no minus zero
  return ticks;
}

std::string line_chart_svg(const LineChart& chart) {
  constexpr double width = 620, height = 340, left = 88;
  double names = 0;
  std::string description = chart.subtitle + ". Lines:";
  for (const ChartLine& one : chart.lines) {
    names = std::max(names, text_width(one.name, text_size));
    description += " " + one.name;
  }
  const Plot plot{left,        heading_height, width,       height,
                  chart.x_low, chart.x_high,   chart.y_low, chart.y_high};
  std::string drawing = axes(chart, plot), bands, curves;
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    bands += band(chart.lines[i], style_of(i), plot);
    curves += curve(chart.lines[i], style_of(i), plot);
  }
  drawing += bands + curves + line_names(chart, plot);
  return sheet(chart.title, description, heading(chart.title, chart.subtitle) + body(drawing),
               plot.right() + 56 + names + margin, plot.bottom() + 3.4 * text_size + margin);
}

std::string dot_chart_svg(const DotChart& chart) {
  double names = 0;
  for (const std::string& row : chart.rows) names = std::max(names, text_width(row, text_size));
  const double top = heading_height + 1.6 * text_size;
  std::string drawing;
  for (std::size_t i = 0; i < chart.rows.size(); ++i)
    drawing += label(
        chart.rows[i],
        at(margin + names, top + row_height * (static_cast<double>(i) + 0.5) + 0.35 * text_size) +
            " text-anchor=\"end\"");
  double x = margin + names + 16;
  for (const DotPanel& panel : chart.panels) {
    drawing += dot_panel(panel, x, top, chart.rows.size());
    x += panel_width + panel_gap;
  }
  const double bottom = top + row_height * static_cast<double>(chart.rows.size());
  return sheet(chart.title, chart.subtitle, heading(chart.title, chart.subtitle) + body(drawing),
               x - panel_gap + margin, bottom + 2.4 * text_size + margin);
}

}  // namespace heed::tools
