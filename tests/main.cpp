#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#if defined(HEED_SANITIZED)
// OpenMP itself is not instrumented; what it does to its own memory is not heed's.
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
#endif
