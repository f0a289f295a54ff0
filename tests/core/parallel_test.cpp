#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "../../core/cpu.hpp"
#include "../../core/parallel.hpp"
#include "threads.hpp"

using namespace heed;
using heed::testing::Threads;

namespace {

using Pieces = std::set<std::pair<int64_t, int64_t>>;

Pieces pieces_of(int64_t count, int64_t piece) {
  Pieces pieces;
  std::mutex mutex;
  parallel_for(count, piece, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    REQUIRE(pieces.emplace(begin, end).second);
  });
  return pieces;
}

}  // namespace

TEST_CASE("a parallel loop visits every index once, in pieces that do not depend on the threads") {
  for (const int64_t count : {0, 1, 6, 7, 8, 700, 701}) {
    Pieces expected;
    for (int64_t i = 0; i < count; i += 7) expected.emplace(i, std::min(count, i + 7));
    for (const int team : {1, 2, 5}) {
      const Threads use(team);
      CHECK(pieces_of(count, 7) == expected);
    }
  }
  const Threads use(2);
  CHECK(pieces_of(3, 0).size() == 3);  // a piece has at least one index
}

TEST_CASE("a parallel loop really uses several threads") {
  const Threads use(2);
  std::atomic<int> arrived{0};
  std::set<std::thread::id> ids;
  std::mutex mutex;
  parallel_for(2, 1, [&](int64_t, int64_t) {
    // Each piece waits for the other, which only ends if both run at once.
    arrived.fetch_add(1);
    while (arrived.load() < 2) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() == 2);
}

TEST_CASE("an exception in a piece reaches the caller and the threads stay usable") {
  for (const int team : {1, 2, 3}) {
    const Threads use(team);
    const auto fail = [](int64_t begin, int64_t) {
      if (begin == 40) throw std::out_of_range("piece 40");
    };
    CHECK_THROWS_WITH(parallel_for(100, 10, fail), "piece 40");
    CHECK_THROWS_AS(parallel_for(41, 10, fail), std::out_of_range);
    CHECK(pieces_of(100, 10).size() == 10);
  }
}

TEST_CASE("parallel loops inside a parallel loop run serially and completely") {
  const Threads use(2);
  std::vector<int> visits(64 * 64);
  parallel_for(64, 1, [&](int64_t i, int64_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(64, 1, [&](int64_t j, int64_t) {
      if (std::this_thread::get_id() == outer) ++visits[static_cast<std::size_t>(i * 64 + j)];
    });
  });
  CHECK(visits == std::vector<int>(64 * 64, 1));
}

TEST_CASE("the number of threads is at least one and is what was set") {
  const int before = threads();
  CHECK(before >= 1);
  CHECK(before <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  set_threads(3);
  CHECK(threads() == 3);
  set_threads(-4);
  CHECK(threads() == 1);
  set_threads(before);
}

TEST_CASE("the instruction set is one of the three that the loops are built for") {
  const std::string name = to_string(active_isa());
  CHECK((name == "baseline" || name == "avx2" || name == "avx512"));
  CHECK(active_isa() == active_isa());
}
