#include "parallel.hpp"

#include <omp.h>

#include <atomic>
#include <exception>

namespace heed {

namespace {

// omp_get_num_procs counts the processors that the affinity mask of the process allows.
std::atomic<int> thread_count{0};

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// Keeps the exception of the first piece (by number) that failed among those that ran.
class FirstFailure {
 public:
  void keep(int64_t piece) {
#pragma omp critical(heed_first_failure)
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
  std::exception_ptr exception_;
  int64_t piece_ = 0;
};

}  // namespace

void set_threads(int count) {
  thread_count.store(count < 1 ? 1 : count, std::memory_order_relaxed);
}

int threads() {
  const int count = thread_count.load(std::memory_order_relaxed);
  if (count > 0) return count;
  set_threads(omp_get_num_procs());
  return thread_count.load(std::memory_order_relaxed);
}

void parallel_pieces(int64_t count, int64_t piece, LoopBody body) {
  if (piece < 1) piece = 1;
  const int64_t pieces = (count + piece - 1) / piece;
  const auto run = [&](int64_t i) {
    body.call(body.object, i * piece, smaller(count, (i + 1) * piece));
  };
  const int team = static_cast<int>(smaller(threads(), pieces));
  if (team <= 1 || omp_in_parallel()) {
    for (int64_t i = 0; i < pieces; ++i) run(i);
    return;
  }
  FirstFailure failure;
#pragma omp parallel for num_threads(team) schedule(dynamic)
  for (int64_t i = 0; i < pieces; ++i) {
    if (failure.failed()) continue;
    try {
      run(i);
    } catch (...) {
      failure.keep(i);
    }
  }
  failure.rethrow();
}

}  // namespace heed
