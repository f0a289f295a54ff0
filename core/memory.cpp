#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>

#include "error.hpp"
#include "large_blocks.hpp"

namespace heed {

namespace {

// Under a sanitiser every block comes from the heap, so that it sees each use after free.
#if defined(HEED_SANITIZED)
constexpr bool cached = false;
#else
constexpr bool cached = true;
#endif

constexpr std::size_t alignment = 64;
constexpr int class_count = 160, no_class = -1;
constexpr std::size_t local_limit = 16384;           // larger blocks go to the shared lists at once
constexpr std::size_t large = std::size_t{1} << 17;  // from here on `LargeBlocks`
constexpr int local_blocks = 4096;                   // of one class, in one thread's list

/// 64, 128, 192, 256, 320, 384, 448, 512, 640, ...: four classes for each power of two from 256 on.
struct SizeClass {
  int index;
  std::size_t bytes;
};
std::size_t in_whole_pages(std::size_t bytes) {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

constexpr SizeClass computed_class(std::size_t bytes) {
  if (bytes <= alignment) return {0, alignment};
  const int power =
      static_cast<int>(std::bit_width(bytes - 1)) - 1;  // 2^power < bytes <= 2^(power+1)
  const std::size_t base = std::size_t{1} << power;
  const std::size_t step = std::max(base / 4, alignment);
  const std::size_t steps = (bytes - base + step - 1) / step;
  return {(power - 6) * 4 + static_cast<int>(steps), base + steps * step};
}

/// Those of 64, 128, ..., 1024 bytes: nodes, and tensors of few elements.
constexpr std::size_t small = 1024;
constexpr auto small_classes = [] {
  std::array<SizeClass, small / alignment> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = computed_class((i + 1) * alignment);
  return classes;
}();

SizeClass size_class(std::size_t bytes) {
  if (bytes > 0 && bytes <= small) return small_classes[(bytes - 1) / alignment];
  if (cached && bytes > large) return {no_class, in_whole_pages(bytes)};
  return computed_class(bytes);
}

/// The bytes of a class, the inverse of `size_class`.
std::size_t class_bytes(int index) {
  if (index == 0) return alignment;
  const int power = (index - 1) / 4 + 6, steps = (index - 1) % 4 + 1;
  const std::size_t base = std::size_t{1} << power;
  return base + static_cast<std::size_t>(steps) * std::max(base / 4, alignment);
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
int64_t shared_waiting = 0;  // bytes in the shared lists; under the mutex
std::atomic<int64_t> held{0}, most_held{0}, heap_calls{0};

/// Those that wait; under the mutex.
LargeBlocks& large_blocks() {
  static LargeBlocks& blocks = *new LargeBlocks;  // threads may give memory back until the very end
  return blocks;
}

/// A thread's own free lists of small blocks; what is left goes to the shared lists at its end.
struct LocalLists {
  List lists[class_count];
  /// Bytes in these lists. Written by this thread alone, so that no locked addition is needed.
  std::atomic<int64_t> waiting{0};
  LocalLists* next;

  LocalLists() {
    const std::lock_guard lock(shared_mutex);
    next = first;
    first = this;
  }

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
    shared_waiting += waiting;
    LocalLists** place = &first;
    while (*place != this) place = &(*place)->next;
    *place = next;
    mine = nullptr;
    ended = true;
  }

  void count(int64_t bytes) {
    waiting.store(waiting.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }

  static LocalLists* first;  // all threads' lists; under the mutex
  static constinit thread_local LocalLists* mine;
  static constinit thread_local bool ended;
};
LocalLists* LocalLists::first = nullptr;
constinit thread_local LocalLists* LocalLists::mine = nullptr;
constinit thread_local bool LocalLists::ended = false;

/// This thread's lists; null at its very end, and where nothing is cached.
LocalLists* local_lists() {
  if (!cached || LocalLists::mine || LocalLists::ended) return LocalLists::mine;
  thread_local LocalLists lists;
  return LocalLists::mine = &lists;
}

/// Bytes in all free lists; the caller holds the mutex.
int64_t all_waiting() {
  int64_t bytes = shared_waiting;
  for (const LocalLists* l = LocalLists::first; l; l = l->next) bytes += l->waiting;
  return bytes;
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

/// A small block from this thread's list, null if there is none: the way of nodes and of tensors of
/// few elements.
void* take_small(std::size_t bytes) {
  LocalLists* const local = LocalLists::mine;
  if (!local || bytes - 1 >= small) return nullptr;
  const SizeClass& size = small_classes[(bytes - 1) / alignment];
  void* const memory = take(local->lists[size.index]);
  if (memory) local->count(-static_cast<int64_t>(size.bytes));
  return memory;
}

/// The way back -> did it go there?
bool put_small(void* memory, std::size_t bytes) {
  LocalLists* const local = LocalLists::mine;
  if (!local || bytes - 1 >= small) return false;
  const SizeClass& size = small_classes[(bytes - 1) / alignment];
  List& list = local->lists[size.index];
  if (list.count >= local_blocks) return false;
  put(list, memory);
  local->count(static_cast<int64_t>(size.bytes));
  return true;
}

/// Large blocks are pages of their own, which may be given back in other pieces.
void* from_system(std::size_t bytes) {
  if (!cached || bytes <= large) return std::aligned_alloc(alignment, bytes);
  return new_pages(bytes);
}

void count_held(std::size_t bytes) {
  const auto size = static_cast<int64_t>(bytes);
  const int64_t now = held.fetch_add(size, std::memory_order_relaxed) + size;
  if (now > most_held.load(std::memory_order_relaxed)) most_held = now;
}

void* from_heap(std::size_t bytes) {
  heap_calls.fetch_add(1, std::memory_order_relaxed);
  void* memory = from_system(bytes);
  if (!memory) {
    release_cached_memory();
    memory = from_system(bytes);
  }
  if (memory) count_held(bytes);
  return memory;
}

void to_heap(void* memory, std::size_t bytes) noexcept {
  held.fetch_sub(static_cast<int64_t>(bytes), std::memory_order_relaxed);
  std::free(memory);
}

/// To the pieces that wait, or back to the system where there is no memory to list one piece more;
/// the caller holds the mutex.
void put_large(void* memory, std::size_t bytes) noexcept {
  const auto size = static_cast<int64_t>(bytes);
  try {
    large_blocks().put(memory, bytes);
    shared_waiting += size;
  } catch (const std::bad_alloc&) {
    ::munmap(memory, bytes);
    held.fetch_sub(size, std::memory_order_relaxed);
  }
}

[[noreturn]] void out_of_memory(std::size_t bytes) {
  throw Error("out of memory: " + std::to_string((bytes + (1 << 20) - 1) >> 20) +
              " MiB more were asked for, " + std::to_string(memory_stats().live_bytes >> 20) +
              " MiB are in use; use smaller batches or a smaller model");
}

/// A large block from the pieces that wait, null if it needs new pages of its own; the caller holds
/// the mutex.
void* from_large_blocks(std::size_t bytes) {
  LargeBlocks& blocks = large_blocks();
  void* memory = blocks.take(bytes);
  if (!memory) {
    const std::size_t more = blocks.grow(bytes);
    if (more == 0) return nullptr;
    heap_calls.fetch_add(1, std::memory_order_relaxed);
    count_held(more);
    shared_waiting += static_cast<int64_t>(more);
    memory = blocks.take(bytes);
  }
  shared_waiting -= static_cast<int64_t>(bytes);
  return memory;
}

/// A block from the free lists, null if there is none.
void* from_lists(const SizeClass& size) {
  const auto bytes = static_cast<int64_t>(size.bytes);
  if (LocalLists* local = size.bytes <= local_limit ? local_lists() : nullptr) {
    if (void* memory = take(local->lists[size.index])) {
      local->count(-bytes);
      return memory;
    }
  }
  const std::lock_guard lock(shared_mutex);
  if (size.index == no_class) return from_large_blocks(size.bytes);
  void* memory = take(shared_lists[size.index]);
  if (memory) shared_waiting -= bytes;
  return memory;
}

[[gnu::noinline]] void* allocate_any(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 44)) out_of_memory(bytes);
  const SizeClass size = size_class(bytes);
  void* memory = cached ? from_lists(size) : nullptr;
  if (!memory) memory = from_heap(size.bytes);
  if (!memory) out_of_memory(bytes);
  return memory;
}

[[gnu::noinline]] void deallocate_any(void* memory, std::size_t bytes) noexcept {
  const SizeClass size = size_class(bytes);
  if (!cached) return to_heap(memory, size.bytes);
  LocalLists* local = size.bytes <= local_limit ? local_lists() : nullptr;
  if (local && local->lists[size.index].count < local_blocks) {
    local->count(static_cast<int64_t>(size.bytes));
    return put(local->lists[size.index], memory);
  }
  const std::lock_guard lock(shared_mutex);
  if (size.index == no_class) return put_large(memory, size.bytes);
  shared_waiting += static_cast<int64_t>(size.bytes);
  put(shared_lists[size.index], memory);
}

}  // namespace

// The short ways stand alone: what a call of the long ones needs would cost as much as they do.

void* allocate(std::size_t bytes) {
  void* const memory = take_small(bytes);
  return memory ? memory : allocate_any(bytes);
}

void deallocate(void* memory, std::size_t bytes) noexcept {
  if (!put_small(memory, bytes)) deallocate_any(memory, bytes);
}

MemoryStats memory_stats() {
  const std::lock_guard lock(shared_mutex);
  const int64_t waiting = all_waiting();
  return {held - waiting, most_held, waiting, heap_calls};
}

void release_cached_memory() {
  const auto release = [](List* lists) {
    int64_t bytes = 0;
    for (int i = 0; i < class_count; ++i) {
      while (void* memory = take(lists[i])) {
        to_heap(memory, class_bytes(i));
        bytes += static_cast<int64_t>(class_bytes(i));
      }
    }
    return bytes;
  };
  if (LocalLists* local = local_lists()) local->count(-release(local->lists));
  const std::lock_guard lock(shared_mutex);
  const auto of_large = static_cast<int64_t>(large_blocks().release());
  held.fetch_sub(of_large, std::memory_order_relaxed);
  shared_waiting -= release(shared_lists) + of_large;
}

}  // namespace heed
