// A team of threads that share the pieces of a loop. Threads that wait let others have the core:
// on a machine that does something else too, spinning costs the other work, and then this one, many
// times what it saves.
#include "parallel.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace heed {

namespace {

std::atomic<int> thread_count{0};

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// The processors that the affinity mask of the process allows.
int allowed_processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
  const auto all = static_cast<int>(std::thread::hardware_concurrency());
  return all > 0 ? all : 1;
}

/// Keeps the exception of the first piece (by number) that failed among those that ran.
class FirstFailure {
 public:
  void keep(int64_t piece) {
    const std::lock_guard lock(mutex_);
    if (!exception_ || piece < piece_) {
      exception_ = std::current_exception();
      piece_ = piece;
    }
    failed_.store(true, std::memory_order_relaxed);
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr exception_;
  int64_t piece_ = 0;
};

/// A loop whose pieces are taken one after the other by whoever is free.
struct Loop {
  Loop(int64_t elements, int64_t size, LoopBody what)
      : count(elements), piece(size), pieces((elements + size - 1) / size), body(what) {}
  void run() {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
      if (failure.failed()) continue;
      try {
        body.call(body.object, i * piece, smaller(count, (i + 1) * piece));
      } catch (...) {
        failure.keep(i);
      }
    }
  }
  const int64_t count, piece, pieces;
  const LoopBody body;
  std::atomic<int64_t> next{0};
  FirstFailure failure;
};

/// Is this thread inside a loop already?
thread_local bool inside = false;

/// Returns once `done()`; the longer that takes, the more of the core is left to others.
template <class Done, class Sleep>
void wait_until(Done done, Sleep sleep) {
  constexpr int pauses = 64, yields = 256;
  for (int i = 0; i < pauses; ++i) {
    if (done()) return;
    __builtin_ia32_pause();
  }
  for (int i = 0; i < yields; ++i) {
    if (done()) return;
    sched_yield();
  }
  while (!done()) sleep();
}

/// The threads beside the caller's. They live until the process ends.
class Team {
 public:
  /// Runs the loop on up to `threads` threads, this one among them.
  void run(Loop& loop, int threads) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock) return loop.run();  // a loop of another thread has the team
    const int helpers = hire(threads - 1);
    loop_ = &loop;
    wanted_.store(helpers, std::memory_order_relaxed);
    working_.store(helpers, std::memory_order_relaxed);
    round_.fetch_add(1);
    if (asleep_.load() > 0) round_.notify_all();
    inside = true;
    loop.run();
    inside = false;
    wait_until([&] { return working_.load(std::memory_order_acquire) == 0; }, sched_yield);
  }

 private:
  /// As many of `wanted` threads as the system gives.
  int hire(int wanted) {
    while (hired_ < wanted) {
      try {
        std::thread(&Team::work, this, hired_, round_.load()).detach();
      } catch (const std::system_error&) {
        break;
      }
      ++hired_;
    }
    return hired_ < wanted ? hired_ : wanted;
  }

  void work(int number, uint32_t round) {
    inside = true;
    for (;; ++round) {
      wait_until([&] { return round_.load(std::memory_order_acquire) != round; },
                 [&] {
                   asleep_.fetch_add(1);
                   round_.wait(round);
                   asleep_.fetch_sub(1);
                 });
      if (number >= wanted_.load(std::memory_order_relaxed)) continue;
      loop_->run();
      working_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::mutex busy_;
  int hired_ = 0;
  Loop* loop_ = nullptr;
  std::atomic<uint32_t> round_{0};
  std::atomic<int> wanted_{0}, working_{0}, asleep_{0};
};

/// A forked process has this thread alone: it starts a team of its own.
Team* team() {
  static std::atomic<Team*> current{nullptr};
  static const bool watches_forks = [] {
    current = new Team;
    return pthread_atfork(nullptr, nullptr, [] { current = new Team; }) == 0;
  }();
  static_cast<void>(watches_forks);
  return current;
}

}  // namespace

void set_threads(int count) {
  thread_count.store(count < 1 ? 1 : count, std::memory_order_relaxed);
}

int threads() {
  const int count = thread_count.load(std::memory_order_relaxed);
  if (count > 0) return count;
  set_threads(allowed_processors());
  return thread_count.load(std::memory_order_relaxed);
}

void parallel_pieces(int64_t count, int64_t piece, LoopBody body) {
  Loop loop(count, piece < 1 ? 1 : piece, body);
  const int wanted = static_cast<int>(smaller(threads(), loop.pieces));
  if (wanted <= 1 || inside) {
    loop.run();
  } else {
    team()->run(loop, wanted);
  }
  loop.failure.rethrow();
}

}  // namespace heed
