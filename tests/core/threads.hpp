#pragma once

#include "../../core/parallel.hpp"

namespace heed::testing {

/// Sets the number of threads for one test.
struct Threads {
  explicit Threads(int count) : before(threads()) { set_threads(count); }
  ~Threads() { set_threads(before); }
  int before;
};

}  // namespace heed::testing
