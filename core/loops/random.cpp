#include "random.hpp"
#include "math.hpp"
#include "philox.hpp"

namespace heed::loops {

namespace {

/// A 32-bit number as a double, by way of a signed one, whose conversion vectorises.
double wide(uint32_t word) {
  return static_cast<double>(static_cast<int32_t>(word ^ 0x80000000u)) + 0x1p31;
}

/// 24 and 53 random bits as a number in [0, 1).
float unit_float(uint32_t word) {
  return static_cast<float>(static_cast<int32_t>(word >> 8)) * 0x1p-24f;
}
double unit_double(uint32_t high, uint32_t low) {
  return (wide(high) * 0x1p21 + wide(low >> 11)) * 0x1p-53;
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

// sin(2 pi r) / r and cos(2 pi r) in powers of r^2, for |r| <= 1/8.
constexpr double sine_terms[] = {
    0x1.921fb54442d18p+2, -0x1.4abbce625be41p+5, 0x1.466bc677587f3p+6, -0x1.32d2cce2e55bfp+6,
    0x1.50782fd9b7104p+5, -0x1.e300715607854p+3, 0x1.e3f362f896ffep+1};
constexpr double cosine_terms[] = {
    0x1.0000000000000p+0, -0x1.3bd3cc9be45dep+4, 0x1.03c1f081b5aacp+6, -0x1.55d3c7e3c90f2p+6,
    0x1.e1f50683554a4p+5, -0x1.a6d1ec788deb9p+4, 0x1.f9cc40b4d973bp+2, -0x1.b2649ccb4360dp+0};

/// Box and Muller 1958: uniform u in (0, 1] and v in [0, 1) give the normal numbers
/// sqrt(-2 log u) cos(2 pi v) and sqrt(-2 log u) sin(2 pi v). Pairs next to each other in `out`.
void box_muller(const double* u, const double* v, double* __restrict out) {
  constexpr int64_t pairs = drawn_blocks;
  double cosine[pairs], sine[pairs];
  for (int64_t i = 0; i < pairs; ++i) {
    const double quarters = (4 * v[i] + Constants<double>::rounder) - Constants<double>::rounder;
    const double r = v[i] - quarters / 4, square = r * r;
    const double c = polynomial(square, cosine_terms), s = r * polynomial(square, sine_terms);
    // By quarters 0 to 4 of a turn: (c, s), (-s, c), (-c, -s), (s, -c), (c, s).
    const bool swapped = (quarters == 1) | (quarters == 3);
    const double radius = __builtin_sqrt(-2 * log_of_normal(u[i]));
    const bool cosine_below = (quarters == 1) | (quarters == 2);
    const bool sine_below = (quarters == 2) | (quarters == 3);
    const double cosine_sign = cosine_below ? -radius : radius;
    const double sine_sign = sine_below ? -radius : radius;
    cosine[i] = (swapped ? s : c) * cosine_sign;
    sine[i] = (swapped ? c : s) * sine_sign;
  }
  for (int64_t i = 0; i < pairs; ++i) out[2 * i] = cosine[i], out[2 * i + 1] = sine[i];
}

void normal_float(PhiloxStart start, int64_t begin, int64_t n, float* out) {
  with_words<1>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t first = 0; first < m; first += 2 * drawn_blocks) {
      double u[drawn_blocks], v[drawn_blocks], pairs[2 * drawn_blocks];
      for (int64_t k = 0; k < drawn_blocks; ++k) {
        u[k] = (wide(words[first + 2 * k]) + 1) * 0x1p-32;
        v[k] = wide(words[first + 2 * k + 1]) * 0x1p-32;
      }
      box_muller(u, v, pairs);
      const int64_t size = m - first < 2 * drawn_blocks ? m - first : 2 * drawn_blocks;
      for (int64_t k = 0; k < size; ++k) out[i + first + k] = static_cast<float>(pairs[k]);
    }
  });
}

void normal_double(PhiloxStart start, int64_t begin, int64_t n, double* out) {
  with_words<2>(start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    double u[drawn_blocks], v[drawn_blocks], pairs[2 * drawn_blocks];
    for (int64_t k = 0; k < drawn_blocks; ++k) {
      u[k] = unit_double(words[4 * k], words[4 * k + 1]) + 0x1p-53;
      v[k] = unit_double(words[4 * k + 2], words[4 * k + 3]);
    }
    box_muller(u, v, pairs);
    for (int64_t k = 0; k < m; ++k) out[i + k] = pairs[k];
  });
}

void words(PhiloxStart start, int64_t count, uint32_t* out) {
  with_words<1>(start, 0, 4 * count, [=](int64_t i, const uint32_t* some, int64_t m) {
    for (int64_t k = 0; k < m; ++k) out[i + k] = some[k];
  });
}

}  // namespace

extern const RandomLoops HEED_TABLE(random_loops) = {uniform_float, uniform_double, normal_float,
                                                     normal_double, words};

}  // namespace heed::loops
