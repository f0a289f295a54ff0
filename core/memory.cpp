#include <heed/core/memory.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <string>

#include <heed/core/error.hpp>

namespace heed {

namespace {

// Under the address sanitiser every block comes from the heap, so that it sees each use after free.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool cached = false;
#else
constexpr bool cached = true;
#endif

constexpr std::size_t alignment = 64;
constexpr int class_count = 160;
constexpr std::size_t local_limit = 16384;  // larger blocks go to the shared lists at once
constexpr int local_blocks = 4096;          // of one class, in one thread's list

/// 64, 128, 192, 256, 320, 384, 448, 512, 640, ...: four classes for each power of two from 256 on.
struct SizeClass {
  int index;
  std::size_t bytes;
};
SizeClass size_class(std::size_t bytes) {
  if (bytes <= alignment) return {0, alignment};
  const int power =
      static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^power < bytes <= 2^(power+1)
  const std::size_t base = std::size_t{1} << power;
  const std::size_t step = std::max(base / 4, alignment);
  const std::size_t steps = (bytes - base + step - 1) / step;
  return {(power - 6) * 4 + static_cast<int>(steps), base + steps * step};
}

struct Block {
  Block* next;
};

struct List {
  Block* first = nullptr;
  int count = 0;
};

std::mutex shared_mutex;
List shared_lists[class_count];
std::atomic<int64_t> live{0}, peak{0}, waiting{0}, heap_calls{0};

/// A thread's own free lists of small blocks; what is left goes to the shared lists at its end.
struct LocalLists {
  List lists[class_count];
  ~LocalLists() {
    const std::lock_guard lock(shared_mutex);
    for (int i = 0; i < class_count; ++i) {
      while (Block* block = lists[i].first) {
        lists[i].first = block->next;
        block->next = shared_lists[i].first;
        shared_lists[i].first = block;
        ++shared_lists[i].count;
      }
    }
    alive = false;
  }
  static thread_local bool alive;
};
thread_local bool LocalLists::alive = true;

LocalLists* local_lists() {
  thread_local LocalLists lists;
  return LocalLists::alive ? &lists : nullptr;
}

void* take(List& list) {
  Block* block = list.first;
  if (block) {
    list.first = block->next;
    --list.count;
  }
  return block;
}

void put(List& list, void* memory) {
  Block* block = static_cast<Block*>(memory);
  block->next = list.first;
  list.first = block;
  ++list.count;
}

void* from_heap(std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::aligned_alloc(alignment, bytes);
  if (!memory) {
    release_cached_memory();
    memory = std::aligned_alloc(alignment, bytes);
  }
  return memory;
}

[[noreturn]] void out_of_memory(std::size_t bytes) {
  throw Error("out of memory: " + std::to_string((bytes + (1 << 20) - 1) >> 20) +
              " MiB more were asked for, " + std::to_string(live.load() >> 20) +
              " MiB are in use; use smaller batches or a smaller model");
}

void count(std::size_t bytes) {
  const int64_t now = live.fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed) +
                      static_cast<int64_t>(bytes);
  if (now > peak.load(std::memory_order_relaxed)) peak.store(now, std::memory_order_relaxed);
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 44)) out_of_memory(bytes);
  const SizeClass size = size_class(bytes);
  void* memory = nullptr;
  if (cached) {
    LocalLists* local = size.bytes <= local_limit ? local_lists() : nullptr;
    if (local) memory = take(local->lists[size.index]);
    if (!memory) {
      const std::lock_guard lock(shared_mutex);
      memory = take(shared_lists[size.index]);
    }
    if (memory) waiting.fetch_sub(static_cast<int64_t>(size.bytes), std::memory_order_relaxed);
  }
  if (!memory) memory = from_heap(size.bytes);
  if (!memory) out_of_memory(bytes);
  count(size.bytes);
  return memory;
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  const SizeClass size = size_class(bytes);
  live.fetch_sub(static_cast<int64_t>(size.bytes), std::memory_order_relaxed);
  if (!cached) return std::free(memory);
  waiting.fetch_add(static_cast<int64_t>(size.bytes), std::memory_order_relaxed);
  LocalLists* local = size.bytes <= local_limit ? local_lists() : nullptr;
  if (local && local->lists[size.index].count < local_blocks) {
    return put(local->lists[size.index], memory);
  }
  const std::lock_guard lock(shared_mutex);
  put(shared_lists[size.index], memory);
}

MemoryStats memory_stats() { return {live, peak, waiting, heap_calls}; }

void release_cached_memory() {
  const auto release = [](List* lists) {
    for (int i = 0; i < class_count; ++i) {
      while (void* memory = take(lists[i])) std::free(memory);
    }
  };
  if (LocalLists* local = local_lists()) release(local->lists);
  const std::lock_guard lock(shared_mutex);
  release(shared_lists);
  waiting = 0;
}

}  // namespace heed
