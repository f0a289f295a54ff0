#pragma once

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "../../core/profile.hpp"

namespace heed::tools {

/// One line of `heed bench`. NaN: does not apply.
struct BenchRow {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::string work, name;  ///< `name`: the case, as `batch 64`
  double ms_min = none, ms_median = none;
  /// The matrix products of a step alone.
  double floor_ms = none;
  double gflops = none;
  /// Of one operation.
  double forward_ns = none, backward_ns = none;
  /// Of the target, at `ms_min`.
  double tokens_per_second = none, sentences_per_second = none;
  /// The most memory that the process has had.
  double peak_rss_mb = none;
  double heap_allocations_per_step = none;
};

/// What a step took, in milliseconds, once warm, and how often it asked for memory.
struct StepTimes {
  double min = 0, median = 0, allocations = 0;
};

double now_in_seconds();

/// Two steps to get warm, then as many as two seconds hold, at least five if ten seconds hold them.
StepTimes time_steps(const std::function<void()>& step);

/// Where the steps of a work spent their time.
struct ProfiledSteps {
  std::vector<OperationCost> costs;  ///< of all steps together
  std::vector<double> ms;            ///< of each step
};
/// From here on time_steps profiles its steps: not while another Profile lives.
void profile_steps();
bool profiles_steps();
/// The last steps that had an operation.
const ProfiledSteps& profiled_steps();

/// The most memory that this process has had, in MB.
double peak_memory();

/// A row with what every step has.
BenchRow row_of(const std::string& work, const std::string& name, const StepTimes& times);

}  // namespace heed::tools
