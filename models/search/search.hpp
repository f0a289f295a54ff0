#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../decoder.hpp"
#include "sampling.hpp"

namespace heed {

/// The largest beam, and the largest number of draws.
inline constexpr int64_t max_beam = 1000;

/// What a beam divides a log-probability by, to compare hypotheses of different
/// length (end symbol counted).
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
  /// beta of Wu et al. 2016, section 7, eq. 14: for each source word j that was looked at less than
  /// once in all, a finished hypothesis' score gets beta log(sum_i alpha_ij); the end symbol j is
  /// left out. 0: off. Needs a decoder with `attention`.
  double coverage_penalty = 0;
  /// Best hypotheses handed out for each sentence, at most `beam`.
  int64_t nbest = 1;
  /// Words of a hypothesis, without the end symbol; max_length 0: 2 S + 10 for S source words, or
  /// min_length if that is more.
  int64_t min_length = 0, max_length = 0;
  /// May `<unk>` be written?
  bool unknown = true;
  /// No sequence of this many words stands twice in a hypothesis; 0: any may.
  int64_t no_repeat_ngram = 0;
  /// Draw words instead of looking for the most probable ones: `nbest` independent hypotheses for
  /// each sentence. `beam` plays no part.
  std::optional<Sampling> sampling = {};
};

/// Throws `ConfigError` for a beam, n-best, length, penalty or sampling out of range.
void check(const SearchOptions& options);

/// The most words, end symbol not counted, that a hypothesis for this source may have;
/// source_length counts the end symbol.
int64_t max_words(const SearchOptions& options, int64_t source_length);

/// What is given for one sentence.
struct SentenceOptions {
  /// Target ids that every hypothesis starts with: words or `<unk>`. They count in its length and
  /// its score like the others, but may repeat n-grams.
  std::vector<int32_t> prefix = {};
  /// The sentence's number in its text: with the seed it decides what is drawn.
  int64_t number = 0;
};

/// One finished hypothesis.
struct Hypothesis {
  /// The target's ids, `</s>` last: at the maximum length nothing else can follow.
  std::vector<int32_t> ids;
  /// The model's own, also where something was excluded or words were drawn.
  std::vector<double> log_probabilities;
  /// What it is ranked by: sum of the log-probabilities / length penalty + coverage penalty.
  double score = 0;
};

/// The best hypotheses of each of the decoder's sentences, best first. A sentence leaves the batch
/// when `beam` of its hypotheses have ended and no open one ranks, by its score so far, among the
/// best `nbest`. Ties go to the better-ranked hypothesis before, then to the smaller id.
/// source_lengths: words of each sentence, end symbol included. sentences: one for each, or none:
/// no prefix, numbers from 0. Throws as `check`; `ConfigError` for a `top_k` above the vocabulary,
/// for a `coverage_penalty` of a decoder without attention, and for a `min_length` that n-grams
/// without repetition can't reach; `DataError` for a sentence without words and a prefix longer
/// than `max_words`; `NumericError` if no word is possible.
std::vector<std::vector<Hypothesis>> search(Decoder& decoder,
                                            const std::vector<int64_t>& source_lengths,
                                            const SearchOptions& options,
                                            const std::vector<SentenceOptions>& sentences = {});

}  // namespace heed
