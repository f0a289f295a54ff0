#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

// Read by the thread sanitiser: what OpenMP, which is not instrumented,
// does to its own memory is not heed's.
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
