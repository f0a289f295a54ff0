// The team of threads behind parallel loops, in what a program may do with it.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "../../core/parallel.hpp"
#include "threads.hpp"

using namespace heed;
using heed::testing::Threads;

namespace {

/// The sum of 0 .. count - 1, each of which a piece of its own adds.
int64_t sum_below(int64_t count) {
  std::atomic<int64_t> sum{0};
  parallel_for(count, 1, [&](int64_t i, int64_t) { sum += i; });
  return sum;
}

/// most = max(most, number)
void raise(std::atomic<int>& most, int number) {
  int before = most;
  while (before < number && !most.compare_exchange_weak(before, number)) {
  }
}

/// How many threads are in a loop at one time that has a piece for each of `count`: every piece waits
/// for all others, but not for ever.
int together(int count) {
  std::atomic<int> inside{0}, most{0};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  parallel_for(count, 1, [&](int64_t, int64_t) {
    raise(most, ++inside);
    while (most < count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    --inside;
  });
  return most;
}

/// Runs `body` in a forked process: did it return true?
template <class F>
bool true_in_child(const F& body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 1;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("one thread and thousands of them do the same loops") {
  for (const int count : {1, 2, 5, 64, 10'000}) {
    const Threads use(count);
    INFO(count << " threads");
    CHECK(threads() == count);
    for (const int64_t pieces : {2, 3, 63, 300})
      CHECK(sum_below(pieces) == pieces * (pieces - 1) / 2);
  }
}

TEST_CASE("as many threads as were set work together, and after fewer as many again") {
  for (const int count : {2, 7, 3, 16}) {
    const Threads use(count);
    CHECK(together(count) == count);
  }
}

TEST_CASE("no more threads than were set work at one time") {
  {
    const Threads use(8), hired(8);
    CHECK(together(8) == 8);
  }
  const Threads use(2);
  std::atomic<int> inside{0}, most{0};
  parallel_for(200, 1, [&](int64_t, int64_t) {
    raise(most, ++inside);
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    --inside;
  });
  CHECK(most <= 2);
}

TEST_CASE("thousands of tiny loops are done while others want the cores too") {
  const Threads use(4);
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] {
      while (!done) {
      }
    });
  }
  int wrong = 0;
  for (int i = 0; i < 5'000; ++i) wrong += sum_below(2 + i % 7) != (2 + i % 7) * (1 + i % 7) / 2;
  done = true;
  for (std::thread& other : others) other.join();
  CHECK(wrong == 0);
}

TEST_CASE("loops of several threads of a program run side by side") {
  const Threads use(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 3; ++user) {
    users.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) wrong += sum_below(20) != 190;
    });
  }
  for (std::thread& user : users) user.join();
  CHECK(wrong == 0);
}

TEST_CASE("a loop does not wait for another thread's") {
  const Threads use(2);
  std::atomic<int64_t> sum{0};
  parallel_for(2, 1, [&](int64_t piece, int64_t) {
    if (piece == 0) std::thread([&] { sum = sum_below(20); }).join();
  });
  CHECK(sum == 190);
}

TEST_CASE("of exceptions in several pieces one reaches the caller, of its own loop") {
  const Threads use(4);
  std::atomic<int> wrong{0};
  const auto run = [&](const std::string& name) {
    for (int i = 0; i < 200; ++i) {
      try {
        parallel_for(50, 1, [&](int64_t piece, int64_t) {
          if (piece % 3 == 1) throw std::runtime_error(name + std::to_string(piece % 3));
        });
        ++wrong;
      } catch (const std::runtime_error& error) {
        wrong += error.what() != name + "1";
      }
    }
  };
  std::thread other(run, "other");
  run("mine");
  other.join();
  CHECK(wrong == 0);
  CHECK(sum_below(100) == 4950);
}

TEST_CASE("an exception in a loop inside a loop comes out of both") {
  const Threads use(3);
  const auto fail = [](int64_t i, int64_t) {
    parallel_for(10, 1, [&](int64_t j, int64_t) {
      if (i == 3 && j == 7) throw std::out_of_range("3, 7");
    });
  };
  CHECK_THROWS_WITH(parallel_for(10, 1, fail), "3, 7");
  CHECK(together(3) == 3);  // nobody believes that they are inside still
}

TEST_CASE("threads may be set between loops and inside them") {
  const Threads before(2);
  for (int i = 0; i < 300; ++i) {
    set_threads(1 + i % 5);
    std::atomic<int64_t> sum{0};
    parallel_for(12, 1, [&](int64_t piece, int64_t) {
      if (piece == 6) set_threads(1 + (i + 3) % 7);
      sum += piece + sum_below(3);
    });
    REQUIRE(sum == 66 + 12 * 3);
  }
}

TEST_CASE("a forked process has a team of its own, again and again") {
  const Threads use(3);
  REQUIRE(together(3) == 3);
  const auto works = [] { return together(3) == 3 && sum_below(100) == 4950; };
  for (int i = 0; i < 5; ++i) CHECK(true_in_child(works));
  CHECK(true_in_child([&] { return works() && true_in_child(works); }));
  CHECK(works());
}

TEST_CASE("a process is forked while another thread's loops run") {
  const Threads use(3);
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) sum_below(10);
  });
  for (int i = 0; i < 20; ++i) CHECK(true_in_child([] { return together(3) == 3; }));
  done = true;
  other.join();
}
