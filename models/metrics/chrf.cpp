#include "chrf.hpp"

#include <cstdio>

#include "../text/utf8.hpp"
#include "bootstrap.hpp"
#include "ngrams.hpp"
#include "segments.hpp"

namespace heed {

namespace {

constexpr std::size_t max_order = 6;

/// The characters of a line without its white space.
std::vector<int32_t> letters_of(const std::string& line, const ChrfOptions& options) {
  std::vector<int32_t> letters;
  for (const char32_t c : code_points(options.lowercase ? lowercase(line) : line)) {
    if (!is_space(c)) letters.push_back(static_cast<int32_t>(c));
  }
  return letters;
}

ChrfStatistics compare(const std::vector<int32_t>& hypothesis,
                       const std::vector<int32_t>& reference) {
  ChrfStatistics statistics;
  for (std::size_t n = 1; n <= max_order; ++n) {
    const int64_t grams = number_of_grams(reference.size(), n);
    if (grams == 0) break;
    statistics.reference[n - 1] = grams;
    statistics.hypothesis[n - 1] = number_of_grams(hypothesis.size(), n);
    const auto counted = count_grams<max_order>(reference, n);
    for (const auto& candidate : count_grams<max_order>(hypothesis, n)) {
      statistics.matches[n - 1] += std::min(candidate.count, count_of(candidate.gram, counted));
    }
  }
  return statistics;
}

template <class Number>
Number f_score(const ChrfStatistics& s) {
  Number precision = 0, recall = 0, orders = 0;
  for (std::size_t n = 0; n < max_order; ++n) {
    if (s.hypothesis[n] == 0 || s.reference[n] == 0) continue;
    const auto matches = static_cast<Number>(s.matches[n]);
    precision += matches / static_cast<Number>(s.hypothesis[n]);
    recall += matches / static_cast<Number>(s.reference[n]);
    ++orders;
  }
  if (precision == 0 && recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  constexpr Number beta_squared = 4;  // recall weighs twice as much as precision
  return 100 * ((1 + beta_squared) * precision * recall / (beta_squared * precision + recall));
}

}  // namespace

ChrfStatistics& ChrfStatistics::operator+=(const ChrfStatistics& other) {
  for (std::size_t n = 0; n < max_order; ++n) {
    hypothesis[n] += other.hypothesis[n];
    reference[n] += other.reference[n];
    matches[n] += other.matches[n];
  }
  return *this;
}

ChrfStatistics chrf_statistics(const std::string& hypothesis,
                               const std::vector<std::string>& references,
                               const ChrfOptions& options) {
  if (references.empty()) throw DataError("chrf: no reference; at least one is needed");
  const std::vector<int32_t> letters = letters_of(hypothesis, options);
  ChrfStatistics best;
  double best_score = -1;
  for (const std::string& reference : references) {
    const ChrfStatistics statistics = compare(letters, letters_of(reference, options));
    const double score = f_score<double>(statistics);
    if (score > best_score) best = statistics, best_score = score;
  }
  return best;
}

Chrf chrf_score(const ChrfStatistics& statistics, const ChrfOptions& options, int64_t references) {
  return {f_score<double>(statistics),
          score_signature(references, options.confidence, options.lowercase,
                          "eff:yes|nc:6|nw:0|space:no"),
          {}};
}

Chrf corpus_chrf(const std::vector<std::string>& hypotheses,
                 const std::vector<std::vector<std::string>>& references,
                 const ChrfOptions& options) {
  std::vector<ChrfStatistics> sentences;
  for_each_segment("chrf", hypotheses, references,
                   [&](const std::string& hypothesis, const std::vector<std::string>& of_one) {
                     sentences.push_back(chrf_statistics(hypothesis, of_one, options));
                   });
  Chrf chrf = chrf_score(sum_of(sentences), options, static_cast<int64_t>(references.size()));
  if (options.confidence) chrf.confidence = bootstrap<float>(sentences, f_score<float>);
  return chrf;
}

std::string to_string(const Chrf& chrf) {
  char line[32];
  std::snprintf(line, sizeof line, "chrF2 = %.2f", chrf.score);
  return line + to_string(chrf.confidence);
}

}  // namespace heed
