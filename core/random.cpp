#include "random.hpp"

namespace heed {

void Philox::operator()(uint64_t block, uint64_t stream, uint32_t out[4]) const {
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  uint32_t c0 = static_cast<uint32_t>(block), c1 = static_cast<uint32_t>(block >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ key0;
    const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ key1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint64_t Generator::reserve(uint64_t blocks) {
  const uint64_t first = position_;
  position_ += blocks;
  return first;
}

uint32_t Generator::next() {
  uint32_t words[4];
  Philox{seed_}(reserve(1), stream_, words);
  return words[0];
}

uint64_t Generator::below(uint64_t bound) {
  // Rejects the incomplete last multiple of `bound`, so that every value is equally likely.
  const uint64_t limit = (0 - bound) % bound;
  for (;;) {
    uint32_t words[4];
    Philox{seed_}(reserve(1), stream_, words);
    const uint64_t value = (uint64_t{words[0]} << 32) | words[1];
    if (value >= limit) return value % bound;
  }
}

double Generator::uniform() {
  uint32_t words[4];
  Philox{seed_}(reserve(1), stream_, words);
  const uint64_t bits = (uint64_t{words[0]} << 32) | words[1];
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

Generator& default_generator() {
  thread_local Generator generator;
  return generator;
}

void manual_seed(uint64_t seed) { default_generator() = Generator(seed); }

}  // namespace heed
