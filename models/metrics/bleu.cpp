#include "bleu.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "../../core/error.hpp"
#include "../text/utf8.hpp"
#include "bootstrap.hpp"
#include "ngrams.hpp"
#include "segments.hpp"

namespace heed {

namespace {

constexpr std::size_t max_order = 4;

std::vector<std::string> words_of(const std::string& line, const BleuOptions& options) {
  return bleu_words(options.lowercase ? lowercase(line) : line, options.tokenizer);
}

/// Words as numbers, the same for all sentences that are compared.
using WordIds = std::unordered_map<std::string, int32_t>;

std::vector<int32_t> number(const std::vector<std::string>& words, WordIds& ids) {
  std::vector<int32_t> numbers;
  for (const std::string& word : words) {
    numbers.push_back(ids.emplace(word, static_cast<int32_t>(ids.size())).first->second);
  }
  return numbers;
}

/// Matches of n-grams: each counts at most as often as in the reference that has it most often.
int64_t clipped_matches(const std::vector<int32_t>& hypothesis,
                        const std::vector<std::vector<int32_t>>& references, std::size_t n) {
  std::vector<std::vector<CountedGram<max_order>>> counted;
  for (const auto& reference : references) counted.push_back(count_grams<max_order>(reference, n));
  int64_t matches = 0;
  for (const auto& candidate : count_grams<max_order>(hypothesis, n)) {
    int64_t most = 0;
    for (const auto& reference : counted)
      most = std::max(most, count_of(candidate.gram, reference));
    matches += std::min(candidate.count, most);
  }
  return matches;
}

int64_t closest_length(int64_t length, const std::vector<std::vector<int32_t>>& references) {
  int64_t closest = static_cast<int64_t>(references.front().size());
  for (const auto& reference : references) {
    const auto other = static_cast<int64_t>(reference.size());
    const int64_t difference = std::abs(other - length), best = std::abs(closest - length);
    if (difference < best || (difference == best && other < closest)) closest = other;
  }
  return closest;
}

double brevity_penalty(int64_t hypothesis_length, int64_t reference_length) {
  if (hypothesis_length >= reference_length) return 1;
  if (hypothesis_length == 0) return 0;
  return std::exp(1 -
                  static_cast<double>(reference_length) / static_cast<double>(hypothesis_length));
}

/// Smoothing "exp" (Chen and Cherry 2014, method 3): the k-th order without a match counts 1 / 2^k.
template <class Number>
std::array<double, max_order> smoothed_precisions(const BleuStatistics& s) {
  std::array<double, max_order> precisions{};
  Number halvings = 1;
  for (std::size_t n = 0; n < max_order && s.totals[n] > 0; ++n) {
    const auto total = static_cast<Number>(s.totals[n]);
    if (s.counts[n] == 0) halvings *= 2;
    precisions[n] = s.counts[n] == 0 ? 100 / (halvings * total)
                                     : 100 * static_cast<Number>(s.counts[n]) / total;
  }
  return precisions;
}

double geometric_mean(const std::array<double, max_order>& precisions) {
  double sum = 0;
  for (const double p : precisions) {
    if (p == 0) return 0;
    sum += std::log(p);
  }
  return std::exp(sum / static_cast<double>(max_order));
}

/// Without any match the score is 0, whatever smoothing would make of it.
bool has_match(const BleuStatistics& s) {
  return std::any_of(s.counts.begin(), s.counts.end(), [](int64_t c) { return c > 0; });
}

/// The score of a resampled corpus.
double resampled_score(const BleuStatistics& s) {
  if (!has_match(s)) return 0;
  return brevity_penalty(s.hypothesis_length, s.reference_length) *
         geometric_mean(smoothed_precisions<float>(s));
}

std::string signature(const BleuOptions& options, int64_t references) {
  const std::string tokenizer = to_string(options.tokenizer);
  return score_signature(references, options.confidence, options.lowercase,
                         "eff:no|tok:" + tokenizer + "|smooth:exp");
}

}  // namespace

BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  for (std::size_t n = 0; n < max_order; ++n) {
    counts[n] += other.counts[n];
    totals[n] += other.totals[n];
  }
  hypothesis_length += other.hypothesis_length;
  reference_length += other.reference_length;
  return *this;
}

BleuStatistics bleu_statistics(const std::string& hypothesis,
                               const std::vector<std::string>& references,
                               const BleuOptions& options) {
  if (references.empty()) throw DataError("bleu: no reference; at least one is needed");
  WordIds ids;
  const std::vector<int32_t> words = number(words_of(hypothesis, options), ids);
  std::vector<std::vector<int32_t>> numbered;
  for (const std::string& r : references) numbered.push_back(number(words_of(r, options), ids));
  BleuStatistics statistics;
  statistics.hypothesis_length = static_cast<int64_t>(words.size());
  statistics.reference_length = closest_length(statistics.hypothesis_length, numbered);
  for (std::size_t n = 1; n <= max_order; ++n) {
    statistics.counts[n - 1] = clipped_matches(words, numbered, n);
    statistics.totals[n - 1] = number_of_grams(words.size(), n);
  }
  return statistics;
}

Bleu bleu_score(const BleuStatistics& s, const BleuOptions& options, int64_t references) {
  Bleu bleu;
  bleu.counts = s.counts, bleu.totals = s.totals;
  bleu.hypothesis_length = s.hypothesis_length, bleu.reference_length = s.reference_length;
  bleu.bp = brevity_penalty(s.hypothesis_length, s.reference_length);
  bleu.signature = signature(options, references);
  if (!has_match(s)) return bleu;
  bleu.precisions = smoothed_precisions<double>(s);
  bleu.score = bleu.bp * geometric_mean(bleu.precisions);
  return bleu;
}

Bleu corpus_bleu(const std::vector<std::string>& hypotheses,
                 const std::vector<std::vector<std::string>>& references,
                 const BleuOptions& options) {
  std::vector<BleuStatistics> sentences;
  for_each_segment("bleu", hypotheses, references,
                   [&](const std::string& hypothesis, const std::vector<std::string>& of_one) {
                     sentences.push_back(bleu_statistics(hypothesis, of_one, options));
                   });
  Bleu bleu = bleu_score(sum_of(sentences), options, static_cast<int64_t>(references.size()));
  if (options.confidence) bleu.confidence = bootstrap<double>(sentences, resampled_score);
  return bleu;
}

std::string to_string(const Bleu& b) {
  const double ratio = b.reference_length == 0 ? 0
                                               : static_cast<double>(b.hypothesis_length) /
                                                     static_cast<double>(b.reference_length);
  char line[256];
  std::snprintf(
      line, sizeof line,
      "BLEU = %.2f%s %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %lld ref_len = %lld)",
      b.score, to_string(b.confidence).c_str(), b.precisions[0], b.precisions[1], b.precisions[2],
      b.precisions[3], b.bp, ratio, static_cast<long long>(b.hypothesis_length),
      static_cast<long long>(b.reference_length));
  return line;
}

}  // namespace heed
