#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../core/blas.hpp"
#include "../../core/cpu.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/parallel.hpp"
#include "../terminal/text_table.hpp"

namespace heed::tools {

namespace {

/// A number of a row: its key, its heading in the table, its decimals there.
struct Field {
  const char *key, *heading;
  int decimals;
  /// Null: the ratio, which follows from others.
  double BenchRow::*value;
  const char* meaning = "";
};

constexpr Field fields[] = {
    {"ms_min", "ms min", 2, &BenchRow::ms_min},
    {"ms_median", "median", 2, &BenchRow::ms_median},
    {"floor_ms", "floor", 2, &BenchRow::floor_ms, "ms of a step's matrix products alone"},
    {"ratio", "ratio", 2, nullptr, "ms min / floor"},
    {"gflops", "GFLOP/s", 1, &BenchRow::gflops},
    {"forward_ns", "forward ns", 0, &BenchRow::forward_ns},
    {"backward_ns", "backward ns", 0, &BenchRow::backward_ns},
    {"tokens_per_second", "tokens/s", 0, &BenchRow::tokens_per_second},
    {"sentences_per_second", "sentences/s", 0, &BenchRow::sentences_per_second},
    {"peak_rss_mb", "MB", 0, &BenchRow::peak_rss_mb, "the most memory of the process so far"},
    {"heap_allocations_per_step", "allocs", 1, &BenchRow::heap_allocations_per_step,
     "how often a step asked the system for memory, on average"},
};

double value_of(const BenchRow& row, const Field& field) {
  return field.value ? row.*field.value : row.ms_min / row.floor_ms;
}

bool applies(const Field& field, const BenchRow& row) {
  return std::isfinite(value_of(row, field));
}

bool same_columns(const BenchRow& a, const BenchRow& b) {
  return std::all_of(std::begin(fields), std::end(fields),
                     [&](const Field& field) { return applies(field, a) == applies(field, b); });
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

using Row = std::vector<BenchRow>::const_iterator;

/// The table of rows that have the same columns.
std::string one_table(Row begin, Row end) {
  std::vector<std::vector<std::string>> cells = {{"work, case"}};
  for (const Field& field : fields) {
    if (applies(field, *begin)) cells[0].emplace_back(field.heading);
  }
  for (Row row = begin; row != end; ++row) {
    cells.push_back({row->work + ", " + row->name});
    for (const Field& field : fields) {
      if (!applies(field, *row)) continue;
      cells.back().push_back(with_decimals(value_of(*row, field), field.decimals));
    }
  }
  return text_table(cells) + '\n';
}

std::string meanings_of_columns(const std::vector<BenchRow>& rows) {
  std::string out;
  for (const Field& field : fields) {
    const bool shown = std::any_of(rows.begin(), rows.end(),
                                   [&](const BenchRow& row) { return applies(field, row); });
    if (!shown || !*field.meaning) continue;
    out += std::string(field.heading) + ": " + field.meaning + '\n';
  }
  return out;
}

}  // namespace

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
  for (const Field& field : fields) {
    const Json* value = json.find(field.key);
    if (!field.value || !value || value->kind() == Json::Kind::null) continue;
    row.*field.value = value->as_number(0, 1e300);
  }
  return row;
}

std::string to_table(const std::vector<BenchRow>& rows) {
  std::string out;
  for (Row begin = rows.begin(); begin != rows.end();) {
    const Row end = std::find_if_not(
        begin, rows.end(), [&](const BenchRow& row) { return same_columns(*begin, row); });
    out += one_table(begin, end);
    begin = end;
  }
  out += meanings_of_columns(rows);
  if (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string profile_table(const ProfiledSteps& profiled) {
  const auto steps = static_cast<double>(profiled.ms.size());
  const double whole = std::accumulate(profiled.ms.begin(), profiled.ms.end(), 0.0) / steps;
  std::vector<std::vector<std::string>> rows = {
      {"operation", "calls", "ms", "share", "GFLOP/s", "GB/s"}};
  const auto add = [&](const std::string& name, const std::string& calls, double ms) {
    rows.push_back({name, calls, with_decimals(ms, 2), with_decimals(100 * ms / whole, 1) + " %"});
  };
  double small = 0, small_calls = 0, rest = whole;
  for (const OperationCost& cost : profiled.costs) {
    const double ms = 1e3 * cost.seconds / steps, calls = static_cast<double>(cost.calls) / steps;
    rest -= ms;
    if (ms < 1e-3 * whole) {
      small += ms;
      small_calls += calls;
      continue;
    }
    add(cost.name + (cost.backward ? ", backward" : ", forward"), with_decimals(calls, 0), ms);
    const auto rate = [&](double work) {
      return work > 0 ? with_decimals(work / cost.seconds * 1e-9, 1) : "";
    };
    rows.back().push_back(rate(cost.flops));
    rows.back().push_back(cost.flops > 0 ? "" : rate(cost.bytes));
  }
  if (small_calls > 0) add("smaller ones", with_decimals(small_calls, 0), small);
  add("between operations", "", rest);
  return text_table(rows);
}

}  // namespace heed::tools
