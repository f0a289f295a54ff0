#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "confidence.hpp"

namespace heed {

/// The random sentences of resamples: those that sacreBLEU draws with NumPy's `default_rng(12345)`,
/// so that intervals agree to the printed digit. PCG XSL RR 128/64 (O'Neill 2014, section 6.3), and
/// numbers below a bound by Lemire 2019 ("Fast random integer generation in an interval").
class ResampleGenerator {
 public:
  /// A number in [0, bound), 0 < bound < 2^32.
  uint32_t below(uint32_t bound);

 private:
  __extension__ using Wide = unsigned __int128;
  uint64_t next64();
  uint32_t next32();

  // What NumPy makes of the seed 12345.
  Wide state_ = Wide{0x1905E0335AAE9634} << 64 | 0x9199B0D09775ADD5;
  Wide increment_ = Wide{0xC9C7353E6E2B1F28} << 64 | 0x7D761F2D4027FAE7;
  /// The upper half of the last 64 bits, if it is still to be used.
  uint32_t upper_ = 0;
  bool has_upper_ = false;
};

/// The interval of a score by bootstrap resampling (Koehn 2004): `score(sum)` of 1000 corpora of
/// sentences drawn with replacement. It computes in single precision, as sacreBLEU does for BLEU's
/// precisions and for chrF; `Number` is the type of its result.
template <class Number, class Statistics, class Score>
Confidence bootstrap(const std::vector<Statistics>& sentences, Score score) {
  if (sentences.empty()) return {};
  ResampleGenerator generator;
  std::vector<Number> scores(bootstrap_resamples);
  for (Number& one : scores) {
    Statistics sum;
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      sum += sentences[generator.below(static_cast<uint32_t>(sentences.size()))];
    }
    one = score(sum);
  }
  std::sort(scores.begin(), scores.end());
  double total = 0;
  for (const Number one : scores) total += static_cast<double>(one);
  constexpr std::size_t tail = bootstrap_resamples / 40;  // 2.5 % on each side
  const Number width = scores[bootstrap_resamples - tail - 1] - scores[tail];
  return {static_cast<double>(static_cast<Number>(total / bootstrap_resamples)),
          static_cast<double>(width) / 2};
}

}  // namespace heed
