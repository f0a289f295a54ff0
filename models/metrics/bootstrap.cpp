#include "bootstrap.hpp"

#include <cstdio>

namespace heed {

uint64_t ResampleGenerator::next64() {
  constexpr Wide multiplier = Wide{0x2360ED051FC65DA4} << 64 | 0x4385DF649FCCF645;
  state_ = state_ * multiplier + increment_;
  const uint64_t mixed = static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_);
  const auto turn = static_cast<unsigned>(state_ >> 122);
  return mixed >> turn | mixed << (-turn & 63);
}

uint32_t ResampleGenerator::next32() {
  has_upper_ = !has_upper_;
  if (!has_upper_) return upper_;
  const uint64_t bits = next64();
  upper_ = static_cast<uint32_t>(bits >> 32);
  return static_cast<uint32_t>(bits);
}

uint32_t ResampleGenerator::below(uint32_t bound) {
  if (bound == 1) return 0;
  // The upper half of a product; its lower half tells which draws would be one too many.
  const uint32_t surplus = -bound % bound;
  for (;;) {
    const uint64_t product = uint64_t{next32()} * bound;
    if (static_cast<uint32_t>(product) >= surplus) return static_cast<uint32_t>(product >> 32);
  }
}

std::string to_string(const Confidence& confidence) {
  if (!(confidence.mean > 0)) return {};
  char text[64];
  std::snprintf(text, sizeof text, " (μ = %.2f ± %.2f)", confidence.mean, confidence.half_width);
  return text;
}

}  // namespace heed
