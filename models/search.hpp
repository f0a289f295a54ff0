#pragma once

#include <cstdint>
#include <vector>

#include <heed/models/decoder.hpp>

namespace heed {

/// The largest beam.
inline constexpr int64_t max_beam = 1000;

/// What a beam divides a log-probability by, to compare hypotheses of different length (end symbol
/// counted).
struct LengthPenalty {
  /// length^alpha, or ((5 + length) / 6)^alpha (Wu et al. 2016, section 7, eq. 14).
  double alpha = 1;
  bool wu = false;
  double operator()(int64_t length) const;
};

struct SearchOptions {
  /// Hypotheses kept for each sentence; 1 is greedy search.
  int64_t beam = 5;
  LengthPenalty length_penalty = {};
  /// Best hypotheses handed out for each sentence, at most `beam`.
  int64_t nbest = 1;
  /// Words of a hypothesis, without the end symbol; max_length 0: 2 S + 10 for S source words.
  int64_t min_length = 0, max_length = 0;
  /// May `<unk>` be written?
  bool unknown = true;
};

/// Throws `ConfigError` for a beam, n-best, length or penalty out of range.
void check(const SearchOptions& options);

/// One finished hypothesis.
struct Hypothesis {
  /// The target's ids, `</s>` last: at the maximum length nothing else can follow.
  std::vector<int32_t> ids;
  std::vector<double> log_probabilities;
  /// What it is ranked by: sum of the log-probabilities / length penalty.
  double score = 0;
};

/// The best hypotheses of each of the decoder's sentences, best first. Sentences that are finished
/// leave the batch. Ties go to the better-ranked hypothesis before, then to the smaller id.
/// source_lengths: words of each sentence, end symbol included. Throws as `check`.
std::vector<std::vector<Hypothesis>> search(Decoder& decoder,
                                            const std::vector<int64_t>& source_lengths,
                                            const SearchOptions& options);

}  // namespace heed
