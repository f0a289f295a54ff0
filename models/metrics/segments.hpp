#pragma once

#include <string>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/version.hpp"
#include "confidence.hpp"

namespace heed {

/// Calls `visit(hypothesis, its references)` for each line of a corpus; `references[r][i]` is the
/// r-th reference of hypothesis i. `DataError` unless all have equally many lines.
template <class Visit>
void for_each_segment(const char* metric, const std::vector<std::string>& hypotheses,
                      const std::vector<std::vector<std::string>>& references, Visit visit) {
  const std::string name = metric;
  if (references.empty()) throw DataError(name + ": no reference; at least one is needed");
  for (std::size_t r = 0; r < references.size(); ++r) {
    if (references[r].size() == hypotheses.size()) continue;
    throw DataError(name + ": " + std::to_string(hypotheses.size()) +
                    " hypotheses, but reference " + std::to_string(r + 1) + " has " +
                    std::to_string(references[r].size()) +
                    " lines; each hypothesis needs its line");
  }
  std::vector<std::string> of_one(references.size());
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    for (std::size_t r = 0; r < references.size(); ++r) of_one[r] = references[r][i];
    visit(hypotheses[i], of_one);
  }
}

/// What a score was made with, as sacreBLEU writes it:
/// the parts that all metrics have around `settings`.
inline std::string score_signature(int64_t references, bool confidence, bool lowercase,
                                   const std::string& settings) {
  const std::string resamples = "|bs:" + std::to_string(bootstrap_resamples) + "|seed:12345";
  return "nrefs:" + std::to_string(references) + (confidence ? resamples : std::string()) +
         "|case:" + (lowercase ? "lc" : "mixed") + "|" + settings + "|version:heed-" + version;
}

/// The sum over the sentences of a corpus.
template <class Statistics>
Statistics sum_of(const std::vector<Statistics>& sentences) {
  Statistics sum;
  for (const Statistics& one : sentences) sum += one;
  return sum;
}

}  // namespace heed
