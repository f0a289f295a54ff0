#pragma once

#include <cstdint>

namespace heed::tools {

/// How often this process has asked for memory, by malloc and its kin or by mmap: 0 in a program
/// that doesn't count. Counted by tools/counted_allocations.cpp, which is part of the command.
int64_t allocations_so_far();
bool counts_allocations();

/// For what counts.
void start_to_count_allocations() noexcept;
void count_allocation() noexcept;

}  // namespace heed::tools
