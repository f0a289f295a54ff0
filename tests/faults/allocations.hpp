#pragma once

/// This program's `operator new`, and the `aligned_alloc` and `mmap` that tensors come from, refuse an
/// allocation where this says so. Set while a scenario runs, null elsewhere.
using AllocationFault = bool (*)();
void set_allocation_fault(AllocationFault due);
