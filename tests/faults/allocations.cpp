#include "allocations.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace {

std::atomic<AllocationFault> fault{nullptr};

bool refused() {
  const AllocationFault due = fault.load(std::memory_order_relaxed);
  return due && due();
}

void* taken(std::size_t bytes) {
  void* memory = refused() ? nullptr : std::malloc(bytes ? bytes : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

void set_allocation_fault(AllocationFault due) { fault = due; }

void* operator new(std::size_t bytes) { return taken(bytes); }
void* operator new[](std::size_t bytes) { return taken(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return refused() ? nullptr : std::malloc(bytes ? bytes : 1);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return refused() ? nullptr : std::malloc(bytes ? bytes : 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

// The sanitisers have an aligned_alloc of its own, which must stay.
#if !defined(HEED_SANITIZED)
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  void* memory = nullptr;
  const int error = refused() ? ENOMEM : ::posix_memalign(&memory, alignment, bytes);
  if (error != 0) errno = error;
  return memory;
}
#endif
