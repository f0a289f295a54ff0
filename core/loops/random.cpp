#include <heed/core/loops/random.hpp>

namespace heed::loops {

namespace {

/// Philox4x32-10 on many counters side by side: word k of counter i stands in `word[k][i]`.
constexpr int64_t width = 16;
struct Counters {
  uint32_t word[4][width];
};

void first_counters(PhiloxStart start, Counters& c) {
  for (int64_t i = 0; i < width; ++i) {
    const uint64_t block = start.block + static_cast<uint64_t>(i);
    c.word[0][i] = static_cast<uint32_t>(block);
    c.word[1][i] = static_cast<uint32_t>(block >> 32);
    c.word[2][i] = static_cast<uint32_t>(start.stream);
    c.word[3][i] = static_cast<uint32_t>(start.stream >> 32);
  }
}

void philox_rounds(uint64_t seed, Counters& c) {
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int64_t i = 0; i < width; ++i) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c.word[0][i];
      const uint64_t p1 = uint64_t{0xCD9E8D57u} * c.word[2][i];
      c.word[0][i] = static_cast<uint32_t>(p1 >> 32) ^ c.word[1][i] ^ key0;
      c.word[1][i] = static_cast<uint32_t>(p1);
      c.word[2][i] = static_cast<uint32_t>(p0 >> 32) ^ c.word[3][i] ^ key1;
      c.word[3][i] = static_cast<uint32_t>(p0);
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

/// 4 * width words of the blocks from `start` on, in the order of the blocks.
void next_words(PhiloxStart start, uint32_t* out) {
  Counters c;
  first_counters(start, c);
  philox_rounds(start.seed, c);
  for (int64_t i = 0; i < width; ++i) {
    for (int64_t k = 0; k < 4; ++k) out[4 * i + k] = c.word[k][i];
  }
}

PhiloxStart moved(PhiloxStart start, int64_t blocks) {
  return {start.seed, start.stream, start.block + static_cast<uint64_t>(blocks)};
}

/// Calls `use(i, words, m)` for elements i, ..., i + m - 1 of the piece, m at most `batch`, with
/// the `per_element` words of each, over the whole piece.
template <int64_t per_element, class Use>
void with_words(PhiloxStart start, int64_t begin, int64_t n, Use use) {
  constexpr int64_t batch = 4 * width / per_element;
  start = moved(start, begin * per_element / 4);
  uint32_t words[4 * width];
  for (int64_t i = 0; i < n; i += batch) {
    next_words(start, words);
    start = moved(start, width);
    use(i, words, n - i < batch ? n - i : batch);
  }
}

/// 24 and 53 random bits as a number in [0, 1).
float unit_float(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f;
}
double unit_double(uint32_t high, uint32_t low) {
  const uint64_t bits = (uint64_t{high} << 32) | low;
  return static_cast<double>(static_cast<int64_t>(bits >> 11)) * 0x1p-53;
}

void uniform_float(PhiloxStart start, int64_t begin, int64_t n, float* __restrict out) {
  with_words<1>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; ++k) out[i + k] = unit_float(words[k]);
  });
}

void uniform_double(PhiloxStart start, int64_t begin, int64_t n, double* __restrict out) {
  with_words<2>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; ++k) out[i + k] = unit_double(words[2 * k], words[2 * k + 1]);
  });
}

constexpr double two_pi = 6.283185307179586;

/// Box and Muller 1958: two uniform numbers, u in (0, 1] and v, give two normal ones.
struct Pair {
  double first, second;
};
Pair box_muller(double u, double v) {
  const double radius = __builtin_sqrt(-2 * __builtin_log(u)), angle = two_pi * v;
  return {radius * __builtin_cos(angle), radius * __builtin_sin(angle)};
}

template <class T>
void store_pair(Pair pair, T* out, int64_t left) {
  out[0] = static_cast<T>(pair.first);
  if (left > 1) out[1] = static_cast<T>(pair.second);
}

void normal_float(PhiloxStart start, int64_t begin, int64_t n, float* out) {
  with_words<1>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; k += 2) {
      const double u = (static_cast<double>(words[k]) + 1) * 0x1p-32;
      const double v = static_cast<double>(words[k + 1]) * 0x1p-32;
      store_pair(box_muller(u, v), out + i + k, m - k);
    }
  });
}

void normal_double(PhiloxStart start, int64_t begin, int64_t n, double* out) {
  with_words<2>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; k += 2) {
      const uint32_t* w = words + 2 * k;
      const double u = unit_double(w[0], w[1]) + 0x1p-53;
      store_pair(box_muller(u, unit_double(w[2], w[3])), out + i + k, m - k);
    }
  });
}

template <class T>
void dropout(PhiloxStart start, int64_t begin, int64_t n, const T* __restrict x, uint64_t threshold,
             T factor, T* __restrict out) {
  if (threshold > UINT32_MAX) {
    for (int64_t i = 0; i < n; ++i) out[i] = 0;
    return;
  }
  const uint32_t least = static_cast<uint32_t>(threshold);
  with_words<1>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; ++k) {
      const T value = x[i + k] * factor;
      out[i + k] = words[k] >= least ? value : T(0);
    }
  });
}

void words(PhiloxStart start, int64_t count, uint32_t* out) {
  with_words<1>(start, 0, 4 * count, [=](int64_t i, const uint32_t* some, int64_t m) {
    for (int64_t k = 0; k < m; ++k) out[i + k] = some[k];
  });
}

}  // namespace

extern const RandomLoops HEED_TABLE(random_loops) = {uniform_float, uniform_double, normal_float,
                                                     normal_double, dropout<float>, dropout<double>,
                                                     words};

}  // namespace heed::loops
