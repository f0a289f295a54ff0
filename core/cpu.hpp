#pragma once

#include <string>

namespace heed {

/// Instruction sets that the loops are built for.
enum class Isa { baseline, avx2, avx512 };
/// The best one that this processor has, chosen at start-up;
/// HEED_ISA=baseline|avx2|avx512 lowers it.
Isa active_isa();
const char* to_string(Isa isa);

}  // namespace heed
