#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "confidence.hpp"

namespace heed {

struct ChrfOptions {
  bool lowercase = false;
  /// A 95 % interval by bootstrap resampling.
  bool confidence = false;
};

/// What chrF sums over sentences: the n-grams of characters of both sides and those they share, for
/// n = 1..6.
struct ChrfStatistics {
  std::array<int64_t, 6> hypothesis{}, reference{}, matches{};
  ChrfStatistics& operator+=(const ChrfStatistics& other);
};

/// chrF2 in percent (Popovic 2015), and how it was made.
struct Chrf {
  double score = 0;
  /// `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:heed-0.1.0`.
  std::string signature;
  /// If `corpus_chrf` was asked for it.
  Confidence confidence;
};

/// Statistics of one sentence against the reference that gives it the highest score; white space
/// does not count, and an order that the reference is too short for has none.
ChrfStatistics chrf_statistics(const std::string& hypothesis,
                               const std::vector<std::string>& references,
                               const ChrfOptions& options = {});
/// chrF of summed statistics: F = (1 + b^2) P R / (b^2 P + R) with b = 2, where P and R are the
/// means over the orders that both sides have of precision and recall.
Chrf chrf_score(const ChrfStatistics& statistics, const ChrfOptions& options = {},
                int64_t references = 1);

/// Corpus chrF2, identical to sacreBLEU's: `references[r][i]` is the r-th reference of hypothesis
/// i. `DataError` with both counts unless all have equally many lines, and without a reference.
Chrf corpus_chrf(const std::vector<std::string>& hypotheses,
                 const std::vector<std::vector<std::string>>& references,
                 const ChrfOptions& options = {});

/// `chrF2 = 57.12`; with an interval, `chrF2 = 57.12 (μ = 57.05 ± 1.31)`.
std::string to_string(const Chrf& chrf);

}  // namespace heed
