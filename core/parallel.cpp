// A team of threads that share the pieces of a loop. Threads that wait let others have the core:
// on a machine that does something else too, spinning costs the other work, and then this one, many
// times what it saves.
#include "parallel.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

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

void pause() {
#if defined(__SSE2__)
  __builtin_ia32_pause();
#endif
}

/// Returns once `done()`; the longer that takes, the more of the core is left to others.
template <class Done, class Sleep>
void wait_until(Done done, Sleep sleep) {
  constexpr int pauses = 64, yields = 256;
  for (int i = 0; i < pauses; ++i) {
    if (done()) return;
    pause();
  }
  for (int i = 0; i < yields; ++i) {
    if (done()) return;
    sched_yield();
  }
  while (!done()) sleep();
}

/// The threads beside the caller's; they live until the process ends. A loop is a room with places
/// for helpers. Whoever takes one works until no piece is left and, leaving, closes the door: the
/// caller waits for those inside alone, so a helper that the machine has not woken yet holds up
/// nobody.
class Team {
 public:
  /// Runs the loop on up to `threads` threads, this one among them.
  void run(Loop& loop, int threads) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock) return loop.run();  // a loop of another thread has the team
    const uint32_t places = hire(threads - 1);
    loop_ = &loop;
    door_.store(places * place);
    wake(places);
    inside = true;
    loop.run();
    inside = false;
    close();
    wait_until([&] { return door_.load(std::memory_order_acquire) == 0; }, sched_yield);
  }

 private:
  static constexpr uint32_t most = 0xffff, place = most + 1;
  /// With the caller 128 threads, for whom Debian's OpenBLAS is built: each that multiplies takes
  /// one of its buffers, and beyond their number it fails.
  static constexpr int64_t most_helpers = 127;

  /// As many of `wanted` threads as the system gives.
  uint32_t hire(int wanted) {
    const uint32_t helpers = static_cast<uint32_t>(smaller(wanted, most_helpers));
    while (hired_ < helpers) {
      try {
        std::thread(&Team::work, this).detach();
      } catch (const std::exception&) {  // no thread, or no memory for one
        break;
      }
      ++hired_;
    }
    return hired_ < helpers ? hired_ : helpers;
  }

  /// As many of those who sleep: more, hired for other loops, would come to a full room.
  void wake(uint32_t places) {
    if (places == hired_) return door_.notify_all();
    for (uint32_t i = 0; i < places; ++i) door_.notify_one();
  }

  void work() {
    inside = true;
    for (;;) {
      uint32_t door = 0;
      const auto open = [&] { return (door = door_.load(std::memory_order_relaxed)) >= place; };
      wait_until(open, [&] { door_.wait(door, std::memory_order_relaxed); });
      if (!door_.compare_exchange_strong(door, door - place + 1, std::memory_order_acquire))
        continue;
      loop_->run();
      close();
      door_.fetch_sub(1, std::memory_order_release);
    }
  }

  void close() { door_.fetch_and(most, std::memory_order_relaxed); }

  std::mutex busy_;
  uint32_t hired_ = 0;
  Loop* loop_ = nullptr;
  /// The free places above, the helpers inside below.
  std::atomic<uint32_t> door_{0};
};

constinit Team team;

/// A forked process has its caller's thread alone: it starts a team of its own. Said before main():
/// a fork beside the first loop of another thread must find it.
[[maybe_unused]] const int forks_are_known =
    pthread_atfork(nullptr, nullptr, [] { new (&team) Team; });

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
    team.run(loop, wanted);
  }
  loop.failure.rethrow();
}

}  // namespace heed
