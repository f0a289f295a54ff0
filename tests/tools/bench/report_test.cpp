#include "../../../tools/bench/report.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "../../../core/error.hpp"
#include "../../../core/parallel.hpp"
#include "../commands/command_support.hpp"

using namespace heed::tools;
using Catch::Matchers::Contains;

namespace {

/// A row with every number that there is.
BenchRow full_row() {
  BenchRow row{.work = "decode_greedy", .name = "batch 512"};
  row.ms_min = 1999.5;
  row.ms_median = 2999.25;
  row.floor_ms = 1000;
  row.gflops = 12.5;
  row.forward_ns = 300;
  row.backward_ns = 500;
  row.tokens_per_second = 12345678;
  row.sentences_per_second = 123456;
  row.peak_rss_mb = 1234.125;
  row.heap_allocations_per_step = 12345.5;
  return row;
}

BenchRow decoding_row(double ms) {
  BenchRow row = full_row();
  row.ms_min = ms;
  row.gflops = row.forward_ns = row.backward_ns = BenchRow::none;
  return row;
}

std::string all_but_first_lines(const std::vector<BenchRow>& rows, std::size_t count) {
  std::string text = to_table(rows);
  for (; count > 0; --count) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace

TEST_CASE("a line of JSON has every key and null where one does not apply") {
  const auto full = nlohmann::ordered_json::parse(to_json_line(full_row()));
  const auto empty = nlohmann::ordered_json::parse(to_json_line({.work = "w\"", .name = "c"}));
  std::vector<std::string> keys;
  for (const auto& [key, value] : full.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"work", "case", "threads", "ms_min", "ms_median",
                                         "floor_ms", "ratio", "gflops", "forward_ns", "backward_ns",
                                         "tokens_per_second", "sentences_per_second", "peak_rss_mb",
                                         "heap_allocations_per_step", "instruction_set", "blas"});
  CHECK(full["case"] == "batch 512");
  CHECK(full["threads"] == heed::threads());
  CHECK(full["ms_median"] == 2999.25);
  CHECK(full["ratio"] == 2.0);  // to the thousandth
  CHECK(empty["work"] == "w\"");
  std::size_t nulls = 0;
  for (const auto& [key, value] : empty.items()) nulls += value.is_null();
  CHECK(nulls == keys.size() - 5);
  for (const auto& line : {full, empty}) {
    CHECK(line["instruction_set"].is_string());
    CHECK(line["blas"]["version"].get<std::string>().find_first_not_of("0123456789.") ==
          std::string::npos);
    CHECK(line["blas"]["core"].is_string());
  }
}

TEST_CASE("a row comes back from its line of JSON") {
  const std::string line = to_json_line(full_row());
  CHECK(line.find('\n') == line.size() - 1);
  const BenchRow row = row_of_json_line(line);
  CHECK(row.work == "decode_greedy");
  CHECK(row.name == "batch 512");
  CHECK(row.ms_min == 1999.5);
  CHECK(row.heap_allocations_per_step == 12345.5);
  CHECK(to_json_line(row) == line);
  const std::string empty = to_json_line({.work = "w", .name = "c"});
  CHECK(std::isnan(row_of_json_line(empty).ms_min));
  CHECK(to_json_line(row_of_json_line(empty)) == empty);
  CHECK_THROWS_AS(row_of_json_line("{\"work\": "), heed::FormatError);
}

TEST_CASE("the table of the works fits 100 columns") {
  CHECK(to_table({decoding_row(9999.99)}) ==
        "work, case                 ms min   median    floor  ratio  tokens/s  sentences/s    MB"
        "   allocs\n"
        "decode_greedy, batch 512  9999.99  2999.25  1000.00  10.00  12345678       123456  1234"
        "  12345.5\n"
        "\n"
        "floor: ms of a step's matrix products alone\n"
        "ratio: ms min / floor\n"
        "MB: the most memory of the process so far\n"
        "allocs: how often a step asked the system for memory, on average\n");
  for (const std::string& line : lines_of(to_table({decoding_row(9999.99)}))) {
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("rows with the same columns share a table and none has a column without numbers") {
  BenchRow startup{.work = "startup", .name = "one sentence"};
  startup.ms_min = 50;
  startup.ms_median = 60.125;
  BenchRow slower = startup;
  slower.ms_min = 1234.5;
  CHECK(to_table({startup, slower}) ==
        "work, case              ms min  median\n"
        "startup, one sentence    50.00   60.12\n"
        "startup, one sentence  1234.50   60.12\n");
  const std::string two = all_but_first_lines({startup, decoding_row(5)}, 2);
  CHECK_THAT(two, Catch::Matchers::StartsWith("\nwork, case  ") && Contains("tokens/s"));
  CHECK(to_table({}).empty());
}

TEST_CASE("a profile is a table of the mean step with the small operations together") {
  const ProfiledSteps steps{{{"linear", true, 4, 6e-3, 12e6, 5e6},
                             {"tanh", false, 2, 2e-3, 0, 4e6},
                             {"unsqueeze", false, 6, 1e-3, 0, 0},
                             {"slice", true, 8, 4e-6, 0, 9e9},
                             {"select", false, 10, 2e-6, 0, 0}},
                            {5, 7}};
  CHECK(profile_table(steps) ==
        "operation           calls    ms   share  GFLOP/s  GB/s\n"
        "linear, backward        2  3.00  50.0 %      2.0\n"
        "tanh, forward           1  1.00  16.7 %            2.0\n"
        "unsqueeze, forward      3  0.50   8.3 %\n"
        "smaller ones            9  0.00   0.0 %\n"
        "between operations         1.50  25.0 %\n");
}
