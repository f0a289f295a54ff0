#include <catch2/catch.hpp>

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "../../core/large_blocks.hpp"
#include "../../core/memory.hpp"

using namespace heed;

// Under a sanitiser every block comes from the heap.
#if !defined(HEED_SANITIZED)

namespace {
constexpr std::size_t mib = std::size_t{1} << 20;

/// How often the system was asked by `f`.
template <class F>
int64_t asked(F f) {
  const int64_t before = memory_stats().heap_allocations;
  f();
  return memory_stats().heap_allocations - before;
}
}  // namespace

TEST_CASE("a large block that has been given back makes several smaller ones, and these it again") {
  release_cached_memory();
  const std::size_t third = 4 * mib;
  deallocate(allocate(3 * third), 3 * third);
  char* parts[3];
  CHECK(asked([&] {
          for (char*& part : parts) part = static_cast<char*>(allocate(third));
        }) == 0);
  for (int i = 0; i < 3; ++i) std::memset(parts[i], i, third);
  for (int i = 0; i < 3; ++i) CHECK((parts[i][0] == i && parts[i][third - 1] == i));
  for (const int i : {0, 2, 1}) deallocate(parts[i], third);  // the last joins both neighbours
  CHECK(asked([&] { deallocate(allocate(3 * third), 3 * third); }) == 0);
}

TEST_CASE("of large blocks that wait the smallest that is large enough is taken") {
  release_cached_memory();
  deallocate(allocate(11 * mib), 11 * mib);
  void *small = allocate(2 * mib), *wall = allocate(mib), *big = allocate(8 * mib);  // of that one
  deallocate(big, 8 * mib);
  deallocate(small, 2 * mib);
  CHECK(allocate(2 * mib) == small);
  void* whole = nullptr;
  CHECK(asked([&] { whole = allocate(8 * mib); }) == 0);
  CHECK(whole == big);
  deallocate(whole, 8 * mib);
  deallocate(small, 2 * mib);
  deallocate(wall, mib);
}

TEST_CASE("where no piece is large enough the system gives what the lowest one lacks") {
  char* const lower = static_cast<char*>(new_pages(2 * mib));
  char* const upper = lower + mib;
  LargeBlocks blocks;
  CHECK(blocks.grow(mib) == 0);  // no piece
  blocks.put(upper, mib);
  CHECK(blocks.grow(2 * mib) == 0);  // something lies in front of it
  ::munmap(lower, mib);
  CHECK(blocks.grow(mib + mib / 2) == mib / 2);
  CHECK(blocks.take(mib + mib / 2) == upper - mib / 2);
  upper[-static_cast<std::ptrdiff_t>(mib) / 2] = 1;
  blocks.put(upper - mib / 2, mib + mib / 2);
  CHECK(blocks.release() == mib + mib / 2);
}

TEST_CASE("memory that waits is counted and goes back to the system when asked") {
  release_cached_memory();
  const MemoryStats before = memory_stats();
  const std::vector<std::size_t> sizes{1, 64, 65, 100000, 131072, 131073, 5 * mib + 1};
  std::vector<void*> blocks;
  for (const std::size_t size : sizes) {
    blocks.push_back(allocate(size));
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back()) % 64 == 0);
  }
  const MemoryStats all = memory_stats();
  const int64_t taken = all.live_bytes - before.live_bytes;
  CHECK(taken >= static_cast<int64_t>(5 * mib + 1 + 131073 + 131072 + 100000 + 65 + 64 + 1));
  for (std::size_t i = 0; i < sizes.size(); ++i) deallocate(blocks[i], sizes[i]);
  const MemoryStats waiting = memory_stats();
  CHECK(waiting.live_bytes == before.live_bytes);
  CHECK(waiting.cached_bytes == before.cached_bytes + taken);
  release_cached_memory();
  CHECK(memory_stats().cached_bytes == before.cached_bytes);
  CHECK(memory_stats().live_bytes == before.live_bytes);
}

#endif
