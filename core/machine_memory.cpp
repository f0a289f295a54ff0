#include "machine_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace heed {

double memory_limit() {
  double limit =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  struct rlimit addresses = {};
  if (::getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY) {
    limit = std::min(limit, static_cast<double>(addresses.rlim_cur));
  }
  // It holds a number, or `max` where there is no limit.
  std::ifstream group("/sys/fs/cgroup/memory.max");
  double bytes = 0;
  if (group >> bytes) limit = std::min(limit, bytes);
  return limit;
}

std::string gibibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g GiB", bytes / (1024.0 * 1024 * 1024));
  return text;
}

}  // namespace heed
