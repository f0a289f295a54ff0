#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

// Read by the thread sanitiser: what OpenBLAS and the C++ library, which are not instrumented, do to
// their own memory is not heed's; and forked processes may have threads.
extern "C" const char* __tsan_default_options() {
  return "ignore_noninstrumented_modules=1:die_after_fork=0";
}
