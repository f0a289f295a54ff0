#include "../../../tools/bench/measurement.hpp"

#include <dlfcn.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <set>

#include "../../../core/operations.hpp"
#include "../../../tools/bench/allocations.hpp"
#include "../../../tools/bench/report.hpp"
#include "../../../tools/bench/works.hpp"

using namespace heed;
using namespace heed::tools;
using Catch::Matchers::Contains;

namespace {

/// How many requests for memory `work` makes.
template <class Work>
int64_t requests_of(const Work& work) {
  const int64_t before = allocations_so_far();
  work();
  return allocations_so_far() - before;
}

/// Kept by a name that the compiler can't see through, so that no request is left out.
void* volatile kept = nullptr;

}  // namespace

TEST_CASE("requests for memory are counted whatever their function") {
  if (!counts_allocations()) return;  // under a sanitiser
  CHECK(requests_of([] {}) == 0);
  CHECK(requests_of([] { kept = std::malloc(100); }) == 1);
  CHECK(requests_of([] { kept = std::realloc(kept, 200); }) == 1);
  CHECK(requests_of([] { std::free(kept); }) == 0);
  CHECK(requests_of([] { kept = std::calloc(3, 5); }) == 1);
  std::free(kept);
  CHECK(requests_of([] { kept = new int; }) == 1);
  delete static_cast<int*>(kept);
  CHECK(requests_of([] { kept = std::aligned_alloc(64, 128); }) == 1);
  std::free(kept);
  const auto map = [] {
    kept = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  };
  CHECK(requests_of(map) == 1);
  CHECK(::munmap(kept, 4096) == 0);
}

TEST_CASE("memory is given back to whom it was asked of whatever is loaded before") {
  if (!counts_allocations()) return;
  const auto file_of = [](const char* function) {
    Dl_info found{};
    REQUIRE(::dladdr(::dlsym(RTLD_DEFAULT, function), &found) != 0);
    return std::string(found.dli_fname);
  };
  for (const char* function : {"malloc", "calloc", "realloc", "memalign", "posix_memalign"}) {
    INFO(function);
    CHECK(file_of(function) == file_of("free"));
  }
}

TEST_CASE("aligned memory is where it should be and nonsense is refused") {
  if (!counts_allocations()) return;  // then it is another's function
  void* memory = nullptr;
  REQUIRE(::posix_memalign(&memory, 256, 100) == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(memory) % 256 == 0);
  std::free(memory);
  for (const std::size_t alignment : {0, 2, 24}) {
    CHECK(::posix_memalign(&memory, alignment, 100) == EINVAL);
  }
}

TEST_CASE("a step is timed after two to get warm and its requests for memory are a mean") {
  int calls = 0;
  const StepTimes times = time_steps([&] {
    ++calls;
    kept = std::malloc(100);
    std::free(kept);
  });
  CHECK(calls >= 7);
  CHECK(times.min > 0);
  CHECK(times.median >= times.min);
  if (counts_allocations()) CHECK(times.allocations == Approx(1).margin(0.01));
  if (!counts_allocations()) CHECK(std::isnan(times.allocations));
  const BenchRow row = row_of("work", "case", times);
  CHECK(row.ms_min == times.min);
  CHECK(row.ms_median == times.median);
  CHECK(row.peak_rss_mb > 1);
  CHECK(std::isnan(row.floor_ms));
}

TEST_CASE("steps that are profiled show their operations in both directions") {
  profile_steps();
  const Tensor x = Tensor::ones({2, 3}).set_requires_grad();
  const Tensor w = Tensor::ones({3, 5}).set_requires_grad();
  time_steps([&] { sum(matmul(x, w)).backward(); });
  time_steps([] {});  // has no operations, and so changes nothing
  const ProfiledSteps& steps = profiled_steps();
  CHECK(steps.costs.size() == 4);
  for (const OperationCost& cost : steps.costs) {
    INFO(cost.name);
    CHECK(cost.calls == static_cast<int64_t>(steps.ms.size()));
  }
  const std::string table = profile_table(steps);
  CHECK_THAT(table, Contains("matmul, forward ") && Contains("matmul, backward ") &&
                        Contains("sum, forward ") && Contains("between operations "));
}

TEST_CASE("each work has a name of its own and says what it is") {
  std::set<std::string> names;
  for (const Work& work : works()) {
    INFO(work.name);
    CHECK(names.insert(work.name).second);
    CHECK(std::string(work.summary).size() > 10);
    CHECK(work.run);
  }
  CHECK(names.size() == 11);
}
