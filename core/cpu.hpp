#pragma once

#include <string>

namespace heed {

/// Instruction sets that the loops are built for.
enum class Isa { baseline, avx2, avx512 };
/// The best one that this processor has, chosen at start-up;
/// HEED_ISA=baseline|avx2|avx512 lowers it.
Isa active_isa();
const char* to_string(Isa isa);
/// Has it instructions for products in bfloat16 (AVX512_BF16, AMX-BF16), and is not lowered below
/// avx512?
bool has_bfloat16();

}  // namespace heed
