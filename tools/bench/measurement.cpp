#include "measurement.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "allocations.hpp"

namespace heed::tools {

namespace {

bool profiling = false;
ProfiledSteps profiled;

}  // namespace

double now_in_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

StepTimes time_steps(const std::function<void()>& step) {
  constexpr double seconds = 2, most_seconds = 10;
  constexpr std::size_t least = 5, most = 10000;
  std::vector<double> ms;
  ms.reserve(most);
  step();
  step();
  std::optional<Profile> profile;
  if (profiling) profile.emplace();
  const double start = now_in_seconds();
  const auto before = static_cast<double>(allocations_so_far());
  const auto goes_on = [&] {
    const double so_far = now_in_seconds() - start;
    return so_far < seconds || (ms.size() < least && so_far < most_seconds);
  };
  while (ms.size() < most && goes_on()) {
    const double begin = now_in_seconds();
    if (profile) profile->skip();
    step();
    ms.push_back(1e3 * (now_in_seconds() - begin));
  }
  const double asked =
      (static_cast<double>(allocations_so_far()) - before) / static_cast<double>(ms.size());
  if (profile && !profile->costs().empty()) profiled = {profile->costs(), ms};
  std::sort(ms.begin(), ms.end());
  return {ms.front(), ms[ms.size() / 2], counts_allocations() ? asked : BenchRow::none};
}

void profile_steps() { profiling = true; }
bool profiles_steps() { return profiling; }
const ProfiledSteps& profiled_steps() { return profiled; }

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

}  // namespace heed::tools
