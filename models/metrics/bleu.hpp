#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bleu_tokenizer.hpp"
#include "confidence.hpp"

namespace heed {

struct BleuOptions {
  BleuTokenizer tokenizer = BleuTokenizer::v13a;
  bool lowercase = false;
  /// A 95 % interval by bootstrap resampling.
  bool confidence = false;
};

/// What BLEU sums over sentences: matches and candidates of n-grams for n = 1..4, and the lengths.
struct BleuStatistics {
  std::array<int64_t, 4> counts{}, totals{};
  int64_t hypothesis_length = 0, reference_length = 0;
  BleuStatistics& operator+=(const BleuStatistics& other);
};

/// BLEU in percent (Papineni et al. 2002) and what it is made of.
struct Bleu {
  double score = 0;
  std::array<int64_t, 4> counts{}, totals{};
  /// In percent, smoothed: a precision without a match is 100 / (2^k total) for the k-th such n.
  std::array<double, 4> precisions{};
  /// Brevity penalty and the two lengths that it compares.
  double bp = 0;
  int64_t hypothesis_length = 0, reference_length = 0;
  /// `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:heed-0.1.0`.
  std::string signature;
  /// If `corpus_bleu` was asked for it.
  Confidence confidence;
};

/// Statistics of one sentence against its references (the length is the closest one's, the shorter
/// of two equally close).
BleuStatistics bleu_statistics(const std::string& hypothesis,
                               const std::vector<std::string>& references,
                               const BleuOptions& options = {});
/// BLEU of summed statistics.
Bleu bleu_score(const BleuStatistics& statistics, const BleuOptions& options = {},
                int64_t references = 1);

/// Corpus BLEU, identical to sacreBLEU's: `references[r][i]` is the r-th reference of hypothesis i.
/// `DataError` with both counts unless all have equally many lines, and without a reference.
Bleu corpus_bleu(const std::vector<std::string>& hypotheses,
                 const std::vector<std::vector<std::string>>& references,
                 const BleuOptions& options = {});

/// `BLEU = 34.52 66.1/40.2/27.3/18.4 (BP = 1.000 ratio = 1.003 hyp_len = 12103 ref_len = 12066)`;
/// with an interval, ` (μ = 34.48 ± 1.20)` stands behind the score.
std::string to_string(const Bleu& bleu);

}  // namespace heed
