#include "measurement.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "../../core/blas.hpp"
#include "../../core/cpu.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/parallel.hpp"
#include "../../core/profile.hpp"
#include "../terminal/text_table.hpp"
#include "allocations.hpp"

namespace heed::tools {

namespace {

/// A number of a row: its key, its heading in the table, its decimals there.
struct Field {
  const char *key, *heading;
  int decimals;
  double BenchRow::*value;
};

constexpr Field fields[] = {
    {"ms_min", "ms min", 2, &BenchRow::ms_min},
    {"ms_median", "median", 2, &BenchRow::ms_median},
    {"floor_ms", "floor", 2, &BenchRow::floor_ms},
    {"ratio", "ratio", 2, nullptr},
    {"gflops", "GFLOP/s", 1, &BenchRow::gflops},
    {"forward_ns", "forward ns", 0, &BenchRow::forward_ns},
    {"backward_ns", "backward ns", 0, &BenchRow::backward_ns},
    {"tokens_per_second", "tokens/s", 0, &BenchRow::tokens_per_second},
    {"sentences_per_second", "sentences/s", 0, &BenchRow::sentences_per_second},
    {"peak_rss_mb", "MB", 0, &BenchRow::peak_rss_mb},
    {"heap_allocations_per_step", "allocations", 1, &BenchRow::heap_allocations_per_step},
};

double value_of(const BenchRow& row, const Field& field) {
  return field.value ? row.*field.value : row.ms_min / row.floor_ms;
}

/// `0.3.21` of `OpenBLAS 0.3.21 NO_LAPACKE ...`.
std::string version_of(const std::string& config) {
  const auto start = std::min(config.find(' '), config.size() - 1) + 1;
  return config.substr(start, config.find(' ', start) - start);
}

/// With the digits that a measurement has.
std::string rounded(double value) {
  return json_number(std::isfinite(value) ? std::round(value * 1e3) / 1e3 : value);
}

bool profiling = false;
/// The last steps that were timed.
struct ProfiledSteps {
  std::vector<OperationCost> costs;
  std::vector<double> times;
} profiled;

std::vector<std::string> profile_row(const std::string& name, const std::string& direction,
                                     double calls, double ms, double share) {
  return {name, direction, with_decimals(calls, 0), with_decimals(ms, 2),
          with_decimals(100 * share, 1) + " %"};
}

}  // namespace

void profile_steps() { profiling = true; }

std::string profile_table() {
  const auto steps = static_cast<double>(profiled.times.size());
  double whole = 0, operations = 0;
  for (const double ms : profiled.times) whole += ms / steps;
  std::vector<std::vector<std::string>> rows = {
      {"operation", "", "calls", "ms", "share", "GFLOP/s", "GB/s"}};
  for (const OperationCost& cost : profiled.costs) {
    const double ms = 1e3 * cost.seconds / steps;
    operations += ms;
    rows.push_back(profile_row(cost.name, cost.backward ? "backward" : "forward",
                               static_cast<double>(cost.calls) / steps, ms, ms / whole));
    const bool product = cost.flops > 0;
    rows.back().push_back(product ? with_decimals(cost.flops / cost.seconds * 1e-9, 1) : "");
    rows.back().push_back(product ? "" : with_decimals(cost.bytes / cost.seconds * 1e-9, 1));
  }
  const double rest = whole - operations;
  rows.push_back(profile_row("between operations", "", 1, rest, rest / whole));
  return text_table(rows);
}

double now_in_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

StepTimes time_steps(const std::function<void()>& step) {
  constexpr double seconds = 2;
  constexpr std::size_t least = 5, most = 10000;
  std::vector<double> times;
  times.reserve(most);
  step();
  step();
  std::optional<Profile> profile;
  if (profiling) profile.emplace();
  const double start = now_in_seconds();
  const auto before = static_cast<double>(allocations_so_far());
  while (times.size() < least || (times.size() < most && now_in_seconds() - start < seconds)) {
    const double begin = now_in_seconds();
    if (profile) profile->skip();
    step();
    times.push_back(1e3 * (now_in_seconds() - begin));
  }
  const double asked =
      (static_cast<double>(allocations_so_far()) - before) / static_cast<double>(times.size());
  if (profile && !profile->costs().empty()) profiled = {profile->costs(), times};
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2], counts_allocations() ? asked : BenchRow::none};
}

double peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

BenchRow row_of(const std::string& work, const std::string& name, const StepTimes& times) {
  BenchRow row{.work = work, .name = name};
  row.ms_min = times.min;
  row.ms_median = times.median;
  row.heap_allocations_per_step = times.allocations;
  row.peak_rss_mb = peak_memory();
  return row;
}

std::string to_json_line(const BenchRow& row) {
  std::string out = "{\"work\": " + json_string(row.work) + ", \"case\": " + json_string(row.name) +
                    ", \"threads\": " + std::to_string(threads());
  for (const Field& field : fields) {
    out += ", \"" + std::string(field.key) + "\": " + rounded(value_of(row, field));
  }
  const BlasInfo blas = blas_info();
  return out + ", \"instruction_set\": " + json_string(to_string(active_isa())) +
         ", \"blas\": {\"version\": " + json_string(version_of(blas.config)) +
         ", \"core\": " + json_string(blas.core) + "}}\n";
}

BenchRow row_of_json_line(const std::string& line) {
  const Json json = Json::parse(line, "heed bench", JsonFault::format);
  BenchRow row{.work = json.required_text("work"), .name = json.required_text("case")};
  const std::vector<std::string> keys = json.keys();
  for (const Field& field : fields) {
    const auto place = std::find(keys.begin(), keys.end(), field.key) - keys.begin();
    const Json& value = json.items().at(static_cast<std::size_t>(place));
    if (!field.value || value.kind() == Json::Kind::null) continue;
    row.*field.value = value.as_number(0, 1e300);
  }
  return row;
}

std::string to_table(const std::vector<BenchRow>& rows) {
  std::vector<std::vector<std::string>> cells = {{"work", "case"}};
  for (const BenchRow& row : rows) cells.push_back({row.work, row.name});
  for (const Field& field : fields) {
    const bool applies = std::any_of(rows.begin(), rows.end(), [&](const BenchRow& row) {
      return std::isfinite(value_of(row, field));
    });
    if (!applies) continue;
    cells[0].push_back(field.heading);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double value = value_of(rows[i], field);
      cells[i + 1].push_back(std::isfinite(value) ? with_decimals(value, field.decimals) : "");
    }
  }
  return text_table(cells);
}

}  // namespace heed::tools
