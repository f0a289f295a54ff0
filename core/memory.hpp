#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace heed {

/// Memory of at least `bytes` bytes, aligned to 64: from a free list of its size class (four
/// classes between powers of two), or, above 128 KiB, from pages that blocks of all sizes share. A
/// steady training step finds everything there and never asks the heap. Throws `Error` ("out of
/// memory ...") when the system refuses.
void* allocate(std::size_t bytes);
/// Memory from `allocate(bytes)` waits again for the next that asks.
void deallocate(void* memory, std::size_t bytes) noexcept;

/// The allocator of `Pooled`.
template <class T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  PoolAllocator(const PoolAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(heed::allocate(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept {
    heed::deallocate(memory, count * sizeof(T));
  }
  bool operator==(const PoolAllocator&) const { return true; }
};
/// A vector whose memory comes from the free lists.
template <class T>
using Pooled = std::vector<T, PoolAllocator<T>>;

/// What `allocate` has done so far, over all threads.
struct MemoryStats {
  int64_t live_bytes = 0;        ///< handed out and not given back
  int64_t peak_bytes = 0;        ///< the most that was held from the system, free lists included
  int64_t cached_bytes = 0;      ///< waiting in free lists and shared pages
  int64_t heap_allocations = 0;  ///< times that the system was asked
};
MemoryStats memory_stats();
/// Returns everything that waits, in this thread's free lists and those of all, to the system.
void release_cached_memory();

}  // namespace heed
