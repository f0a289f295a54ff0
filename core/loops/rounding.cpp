#include "rounding.hpp"

namespace heed::loops {

namespace {

/// Half of the last place that stays is added, and a hair less where that place is even: a tie
/// becomes even, and what overflows becomes infinity.
uint32_t rounded(uint32_t bits) { return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16; }

void to_bfloat16(uint16_t* __restrict to, const float* __restrict from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, from + i, sizeof bits);
    const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    // A NaN whose payload lies in the lower half alone would become infinity: it is made quiet.
    to[i] = static_cast<uint16_t>(is_nan ? (bits >> 16) | 0x40u : rounded(bits));
  }
}

void to_float(float* __restrict to, const uint16_t* __restrict from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t bits = static_cast<uint32_t>(from[i]) << 16;
    __builtin_memcpy(to + i, &bits, sizeof bits);
  }
}

}  // namespace

extern const RoundingLoops HEED_TABLE(rounding_loops);
const RoundingLoops HEED_TABLE(rounding_loops) = {to_bfloat16, to_float};

}  // namespace heed::loops
