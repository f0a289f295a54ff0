#pragma once

#include <string>
#include <vector>

namespace heed::tools {

/// A measured value and the interval around it; low = high = value where there is none.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

/// A line of a chart: estimates over x, which increases.
struct ChartLine {
  std::string name;
  std::vector<double> x;
  std::vector<Estimate> y;
};

/// Lines over two axes. Each line is named at its end and drawn with a dash and a marker of its
/// own (four of each), its intervals as a band: the chart reads without colour.
struct LineChart {
  std::string title, subtitle, x_title, y_title;
  double x_low = 0, x_high = 1, y_low = 0, y_high = 100;
  std::vector<ChartLine> lines;
};
std::string line_chart_svg(const LineChart& chart);

/// One measure of every row of a dot chart. Its axis covers the estimates and, if `from_zero`, 0;
/// a NaN is a measure that the row does not have.
struct DotPanel {
  std::string title;
  std::vector<Estimate> values;
  bool from_zero = false;
};

/// A dot for each row and measure, with its number beside it, after Cleveland 1984: rows down the
/// side, a panel with an axis of its own for each measure.
struct DotChart {
  std::string title, subtitle;
  std::vector<std::string> rows;
  std::vector<DotPanel> panels;
};
std::string dot_chart_svg(const DotChart& chart);

/// Round numbers that divide an axis from `low` to `high` into at most `most` parts: multiples of
/// 1, 2 or 5 times a power of 10, inside of the two.
std::vector<double> chart_ticks(double low, double high, int most);

}  // namespace heed::tools
