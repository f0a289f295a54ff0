#pragma once

#include "random.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

/// Philox4x32-10 (Salmon et al. 2011), a block in each lane of a vector. For files of core/loops
/// alone.
namespace heed::loops {

namespace {

// Philox multiplies halves of 64-bit lanes, which GCC makes of no loop.
#if defined(__AVX512F__)
using Lanes [[gnu::vector_size(64)]] = uint64_t;
inline Lanes product_of_low_halves(Lanes a, Lanes b) {
  return reinterpret_cast<Lanes>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#elif defined(__AVX2__)
using Lanes [[gnu::vector_size(32)]] = uint64_t;
inline Lanes product_of_low_halves(Lanes a, Lanes b) {
  return reinterpret_cast<Lanes>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#elif defined(__SSE2__)
using Lanes [[gnu::vector_size(16)]] = uint64_t;
inline Lanes product_of_low_halves(Lanes a, Lanes b) {
  return reinterpret_cast<Lanes>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
}
#else
using Lanes [[gnu::vector_size(16)]] = uint64_t;
inline Lanes product_of_low_halves(Lanes a, Lanes b) {
  return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
}
#endif
constexpr int64_t lanes = sizeof(Lanes) / sizeof(uint64_t);

/// Philox4x32-10 on a block a lane. Each word stands in the low half of its lane; what is above
/// has no effect.
inline void philox_rounds(uint64_t seed, Lanes (&word)[4]) {
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Lanes p0 = product_of_low_halves(word[0], Lanes{} + 0xD2511F53u);
    const Lanes p1 = product_of_low_halves(word[2], Lanes{} + 0xCD9E8D57u);
    word[0] = (p1 >> 32) ^ word[1] ^ key0;
    word[1] = p1;
    word[2] = (p0 >> 32) ^ word[3] ^ key1;
    word[3] = p0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

/// 4 * `blocks` words of the blocks from `start` on, in the order of the blocks, rounded up to
/// whole vectors: at most 4 * (lanes - 1) words more.
inline void philox_words(PhiloxStart start, int64_t blocks, uint32_t* __restrict out) {
  constexpr uint64_t counted[] = {0, 1, 2, 3, 4, 5, 6, 7};
  Lanes numbers;
  __builtin_memcpy(&numbers, counted, sizeof numbers);
  for (int64_t first = 0; first < blocks; first += lanes) {
    const Lanes block = numbers + start.block + static_cast<uint64_t>(first);
    Lanes word[4] = {block, block >> 32, Lanes{} + start.stream, Lanes{} + (start.stream >> 32)};
    philox_rounds(start.seed, word);
    constexpr uint64_t low = 0xFFFFFFFFu;
    const Lanes pairs[2] = {(word[0] & low) | (word[1] << 32), (word[2] & low) | (word[3] << 32)};
    uint64_t each[2 * lanes];
    for (int64_t i = 0; i < lanes; ++i) each[2 * i] = pairs[0][i], each[2 * i + 1] = pairs[1][i];
    __builtin_memcpy(out + 4 * first, each, sizeof each);
  }
}

/// Blocks that are drawn together.
constexpr int64_t drawn_blocks = 64;

inline PhiloxStart moved(PhiloxStart start, int64_t blocks) {
  return {start.seed, start.stream, start.block + static_cast<uint64_t>(blocks)};
}

/// Calls `use(i, words, m)` for elements i, ..., i + m - 1 of the piece, m at most `batch`, with
/// the `per_element` words of each, over the whole piece.
template <int64_t per_element, class Use>
inline void with_words(PhiloxStart start, int64_t begin, int64_t n, Use use) {
  constexpr int64_t batch = 4 * drawn_blocks / per_element;
  start = moved(start, begin * per_element / 4);
  uint32_t words[4 * drawn_blocks];
  for (int64_t i = 0; i < n; i += batch) {
    philox_words(start, drawn_blocks, words);
    start = moved(start, drawn_blocks);
    use(i, words, n - i < batch ? n - i : batch);
  }
}

}  // namespace

}  // namespace heed::loops
