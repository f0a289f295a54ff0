#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "blank.hpp"

/// Chapter 15: from probabilities of the next word to a sentence.
namespace course {

// [hypothesis]
/// Asks a model: log p(word | words so far) for each word of its vocabulary. Any model will do.
using NextWord = std::function<std::vector<double>(const std::vector<int64_t>& words)>;

struct SearchOptions {
  int64_t end = 3;         ///< the id of the end symbol
  int64_t beam = 5;        ///< hypotheses that are kept at each step
  double alpha = 1;        ///< of the length penalty; 0: none
  int64_t max_words = 50;  ///< without the end symbol
};

/// A beginning of a sentence, or a whole one, whose last word is the end symbol.
struct Hypothesis {
  std::vector<int64_t> words;
  double log_probability = 0;  ///< the sum over its words

  int64_t length() const { return static_cast<int64_t>(words.size()); }
};
// [/hypothesis]

/// The id of the most probable word; of equal ones the smallest.
inline int64_t best_word(const std::vector<double>& log_p) {
  // blank: the place of the first of the largest
  return std::max_element(log_p.begin(), log_p.end()) - log_p.begin();
  // end
}

/// Takes the most probable word at each step, up to the end symbol. After max_words words nothing
/// but the end symbol may follow, and its log-probability counts too.
inline Hypothesis greedy(const NextWord& next, const SearchOptions& options) {
  // blank: ask, choose, add the word and its log-probability, until the word is the end symbol
  Hypothesis h;
  while (true) {
    const std::vector<double> log_p = next(h.words);
    const int64_t word = h.length() < options.max_words ? best_word(log_p) : options.end;
    h.words.push_back(word);
    h.log_probability += log_p[word];
    if (word == options.end) return h;
  }
  // end
}

/// What a log-probability is divided by, to compare hypotheses of different length:
/// ((5 + length) / 6)^alpha. Wu et al. 2016, section 7, eq. (14).
inline double length_penalty(int64_t length, double alpha) {
  // blank: 1 for one word, whatever alpha is
  return std::pow((5 + static_cast<double>(length)) / 6, alpha);
  // end
}

/// What a hypothesis is ranked by; its length counts the end symbol.
inline double score(const Hypothesis& h, const SearchOptions& options) {
  return h.log_probability / length_penalty(h.length(), options.alpha);
}

/// Each of the open hypotheses with one word more, the most probable first; of equal ones that of
/// the earlier hypothesis, then the smaller word. Words of probability 0 (-infinity) are left out,
/// and after max_words words all but the end symbol.
inline std::vector<Hypothesis> continuations(const NextWord& next,
                                             const std::vector<Hypothesis>& open,
                                             const SearchOptions& options) {
  // blank: make them in the order that equal ones have, and sort by a method that keeps it
  std::vector<Hypothesis> all;
  for (const Hypothesis& h : open) {
    const std::vector<double> log_p = next(h.words);
    for (int64_t word = 0; word < static_cast<int64_t>(log_p.size()); ++word) {
      if (std::isinf(log_p[word])) continue;
      if (h.length() >= options.max_words && word != options.end) continue;
      all.push_back(h);
      all.back().words.push_back(word);
      all.back().log_probability += log_p[word];
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Hypothesis& a, const Hypothesis& b) {
    return a.log_probability > b.log_probability;
  });
  return all;
  // end
}

// [beam]
/// The state of a search.
struct Beam {
  std::vector<Hypothesis> open = {Hypothesis{}};  ///< at first the empty sentence
  std::vector<Hypothesis> ended;                  ///< in the order in which they ended
};
// [/beam]

/// One step on: of all continuations, best first, those that end among the first `beam` of them are
/// ended, and the first `beam` that do not end are the new open ones.
inline void advance(Beam& beam, const std::vector<Hypothesis>& all, const SearchOptions& options) {
  // blank: an ended hypothesis takes no place among the open ones
  beam.open.clear();
  for (int64_t i = 0; i < static_cast<int64_t>(all.size()); ++i) {
    const bool full = static_cast<int64_t>(beam.open.size()) == options.beam;
    if (all[i].words.back() != options.end) {
      if (!full) beam.open.push_back(all[i]);
    } else if (i < options.beam) {
      beam.ended.push_back(all[i]);
    }
  }
  // end
}

/// The first of those with the best score.
inline const Hypothesis& best(const std::vector<Hypothesis>& all, const SearchOptions& options) {
  return *std::max_element(all.begin(), all.end(), [&](const Hypothesis& a, const Hypothesis& b) {
    return score(a, options) < score(b, options);
  });
}

/// Whether the search may stop: nothing is open; or `beam` hypotheses have ended, and the best of
/// them scores at least as well as each open one does so far.
inline bool decided(const Beam& beam, const SearchOptions& options) {
  // blank: a sure model's unlikely hypotheses end early, so the first to end is not the best
  if (beam.open.empty()) return true;
  if (static_cast<int64_t>(beam.ended.size()) < options.beam) return false;
  return score(best(beam.ended, options), options) >= score(best(beam.open, options), options);
  // end
}

/// The best hypothesis that a beam finds.
inline Hypothesis beam_search(const NextWord& next, const SearchOptions& options) {
  // blank: advance until it is decided
  Beam beam;
  while (!decided(beam, options)) advance(beam, continuations(next, beam.open, options), options);
  return best(beam.ended, options);
  // end
}

// [exhaustive]
/// The best of all sentences: V^max_words of them, which only a tiny model can pay.
inline Hypothesis exhaustive(const NextWord& next, const SearchOptions& options,
                             const Hypothesis& so_far = {}) {
  Hypothesis found;
  for (const Hypothesis& h : continuations(next, {so_far}, options)) {
    const Hypothesis whole = h.words.back() == options.end ? h : exhaustive(next, options, h);
    if (whole.words.empty()) continue;
    if (found.words.empty() || score(whole, options) > score(found, options)) found = whole;
  }
  return found;
}
// [/exhaustive]

}  // namespace course
