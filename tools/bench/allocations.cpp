#include "allocations.hpp"

#include <atomic>

namespace heed::tools {

namespace {
std::atomic<int64_t> count{0};
std::atomic<bool> counting{false};
}  // namespace

int64_t allocations_so_far() { return count.load(std::memory_order_relaxed); }
bool counts_allocations() { return counting.load(std::memory_order_relaxed); }
void start_to_count_allocations() noexcept { counting.store(true, std::memory_order_relaxed); }
void count_allocation() noexcept { count.fetch_add(1, std::memory_order_relaxed); }

}  // namespace heed::tools
