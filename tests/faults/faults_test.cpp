#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>

#include "../../core/memory.hpp"
#include "../../core/parallel.hpp"
#include "../temporary_folder.hpp"
#include "allocations.hpp"
#include "scenarios.hpp"

using namespace faults;

namespace {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      saving_a_checkpoint(), saving_a_model(),    training(), resuming(),
      translating(),         saving_in_one_file()};
  return all;
}

const Fault full_disk{"a full disk", Fault::Kind::file_error, ENOSPC};
const Fault broken_disk{"a broken disk", Fault::Kind::file_error, EIO};
const Fault killed{"a kill", Fault::Kind::kill, 0};
const Fault no_memory{"no memory", Fault::Kind::allocation, 0};

/// Events of each scenario, at least: fewer would mean that they are no longer counted.
constexpr int64_t least_files[] = {20, 20, 100, 60, 8, 8};

}  // namespace

TEST_CASE("Whichever file operation fails on a full disk, nothing is lost and it can be repeated") {
  for (std::size_t i = 0; i < scenarios().size(); ++i) {
    CHECK(sweep(scenarios()[i], full_disk) > least_files[i]);
  }
}

TEST_CASE("Whichever file operation fails on a broken disk, nothing is lost") {
  for (const Scenario& scenario : scenarios()) sweep(scenario, broken_disk);
}

TEST_CASE("Killed at any file operation, a run goes on from old or new, never from a mixture") {
  for (std::size_t i = 0; i < scenarios().size(); ++i) {
    CHECK(sweep(scenarios()[i], killed) > least_files[i]);
  }
}

TEST_CASE("Interrupted calls and writes of three bytes go unnoticed in everything heed does") {
  for (const Scenario& scenario : scenarios()) {
    INFO(scenario.name);
    const TemporaryFolder smooth, rough;
    scenario.prepare(smooth.path());
    scenario.prepare(rough.path());
    const std::string expected = scenario.run(smooth.path());
    const Interruptions interruptions(3);
    CHECK(scenario.run(rough.path()) == expected);
  }
}

TEST_CASE("Whichever allocation fails, it is said and can be repeated") {
  for (const Scenario& scenario : scenarios()) CHECK(sweep(scenario, no_memory, 200) > 100);
}

TEST_CASE("Every single allocation fails once", "[slow]") {
  for (const Scenario& scenario : scenarios()) sweep(scenario, no_memory);
}

TEST_CASE("a loop runs on the threads there are when there is no memory for more") {
  const int before = heed::threads();
  heed::set_threads(300);
  std::atomic<int> pieces{0};
  set_allocation_fault([] { return true; });
  heed::parallel_for(1000, 1, [&](int64_t, int64_t) { ++pieces; });
  set_allocation_fault(nullptr);
  heed::set_threads(before);
  CHECK(pieces == 1000);
}

TEST_CASE("A large block goes back where there is no memory to list it, and all adds up") {
  constexpr std::size_t bytes = 300000, count = 101;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < count; ++i) blocks.push_back(heed::allocate(bytes));
  const heed::MemoryStats before = heed::memory_stats();
  set_allocation_fault([] { return true; });
  for (std::size_t i = 0; i < count; i += 2) heed::deallocate(blocks[i], bytes);
  for (std::size_t i = 1; i < count; i += 2) heed::deallocate(blocks[i], bytes);
  set_allocation_fault(nullptr);
  const auto least = static_cast<int64_t>(count * bytes);
  CHECK(before.live_bytes - heed::memory_stats().live_bytes >= least);
  heed::release_cached_memory();
  CHECK(heed::memory_stats().cached_bytes == 0);
}
