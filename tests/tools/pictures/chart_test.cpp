#include "../../../tools/pictures/chart.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "../text_support.hpp"

using namespace heed::tools;
using Catch::Contains;

TEST_CASE("axes are divided at round numbers") {
  CHECK(chart_ticks(0, 100, 6) == std::vector<double>{0, 20, 40, 60, 80, 100});
  CHECK(chart_ticks(0, 60, 6) == std::vector<double>{0, 10, 20, 30, 40, 50, 60});
  CHECK(chart_ticks(-1, 1, 4) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  CHECK(chart_ticks(3, 7, 3) == std::vector<double>{4, 6});
  CHECK(chart_ticks(5, 5, 3) == std::vector<double>{5});
  const std::vector<double> small = chart_ticks(0, 0.003, 3);
  REQUIRE(small.size() == 4);
  CHECK(small[1] == Approx(0.001));
}

TEST_CASE("each line of a chart has a name, a dash and a marker of its own") {
  LineChart chart{.title = "a < b", .subtitle = "s", .x_title = "x", .y_title = "y", .lines = {}};
  for (const char* name : {"one", "two & more", "three", "four"})
    chart.lines.push_back({name, {0.2, 0.8}, {{50, 40, 60}, {70, 65, 99}}});
  const std::string svg = line_chart_svg(chart);
  check_xml(svg);
  CHECK_THAT(svg, Contains("<title>a &lt; b</title>") && Contains(">two &amp; more</text>") &&
                      Contains("<desc>"));
  CHECK(count(svg, "fill-opacity") == 4);
  std::set<std::string> dashes, heights;
  const std::string dash = "stroke-dasharray=\"", sample = "translate(";
  for (auto at = svg.find(dash); at != std::string::npos; at = svg.find(dash, at + 1))
    dashes.insert(svg.substr(at, svg.find('"', at + dash.size()) - at));
  CHECK(dashes.size() == 4);
  // Lines that end at one point: their names stand below each other.
  for (const ChartLine& line : chart.lines) {
    const std::string name = line.name == "two & more" ? "two &amp; more" : line.name;
    const std::size_t end = svg.find(">" + name + "</text>");
    const std::size_t y = svg.rfind(" y=\"", end);
    heights.insert(svg.substr(y, end - y));
  }
  CHECK(heights.size() == 4);
}

TEST_CASE("a dot chart has a dot and a number for each value, and a dash where there is none") {
  const double none = std::nan("");
  const DotChart chart{
      "t",
      "s",
      {"first", "second"},
      {{"BLEU", {{90, 89, 91}, {95.25, 95, 96}}}, {"share", {{none, none, none}, {1, 1, 1}}}}};
  const std::string svg = dot_chart_svg(chart);
  check_xml(svg);
  CHECK_THAT(svg, Contains(">90.0</text>") && Contains(">95.2</text>") && Contains(">–</text>"));
  CHECK(count(svg, "nan") == 0);
  CHECK(count(svg, "scale(") == 3);
}
