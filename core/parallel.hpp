#pragma once

#include <cstdint>
#include <type_traits>

namespace heed {

/// Number of threads that heed's loops use; at first the cores that the process may use.
/// Less than 1 counts as 1. A loop has at most 128 of them, as many as may call OpenBLAS at a time.
void set_threads(int count);
int threads();

/// The body of a parallel loop, behind one pointer.
struct LoopBody {
  void* object;
  void (*call)(void* object, int64_t begin, int64_t end);
};
void parallel_pieces(int64_t count, int64_t piece, LoopBody body);

/// How many pieces of `work` each a thread takes at a time: `enough` work to wake it for.
constexpr int64_t at_a_time(int64_t work, int64_t enough) {
  return work >= enough ? 1 : enough / (work > 0 ? work : 1);
}

/// Calls `body(begin, end)` for [0, count) cut into pieces of `piece`, on several threads. The cut
/// depends on the count alone, never on the threads, so that results have the same bits for any
/// number of them. Calls inside a loop, and beside one of another of the program's threads, run
/// serially. An exception in a piece reaches the caller; of several, one does.
template <class F>
void parallel_for(int64_t count, int64_t piece, F&& body) {
  using Body = std::remove_reference_t<F>;
  if (count <= piece) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  parallel_pieces(count, piece,
                  {const_cast<void*>(static_cast<const void*>(&body)),
                   [](void* object, int64_t begin, int64_t end) {
                     (*static_cast<Body*>(object))(begin, end);
                   }});
}

}  // namespace heed
