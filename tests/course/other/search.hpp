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
  int64_t word = 0;
  for (std::size_t i = 1; i < log_p.size(); ++i) {
    if (log_p[i] > log_p[word]) word = static_cast<int64_t>(i);
  }
  return word;
  // end
}

/// Takes the most probable word at each step, up to the end symbol. After max_words words nothing
/// but the end symbol may follow, and its log-probability counts too.
inline Hypothesis greedy(const NextWord& next, const SearchOptions& options) {
  // blank: ask, choose, add the word and its log-probability, until the word is the end symbol
  Hypothesis h;
  for (int64_t step = 0; h.words.empty() || h.words.back() != options.end; ++step) {
    const auto log_p = next(h.words);
    h.words.push_back(step == options.max_words ? options.end : best_word(log_p));
    h.log_probability += log_p.at(h.words.back());
  }
  return h;
  // end
}

/// What a log-probability is divided by, to compare hypotheses of different length:
/// ((5 + length) / 6)^alpha. Wu et al. 2016, section 7, eq. (14).
inline double length_penalty(int64_t length, double alpha) {
  // blank: 1 for one word, whatever alpha is
  return std::exp(alpha * std::log((length + 5.0) / 6.0));
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
  struct Choice {
    double total;
    std::size_t from;
    int64_t word;
  };
  std::vector<Choice> choices;
  for (std::size_t k = 0; k < open.size(); ++k) {
    const std::vector<double> log_p = next(open[k].words);
    const bool last = open[k].length() >= options.max_words;
    for (std::size_t w = 0; w < log_p.size(); ++w) {
      const bool may = last ? static_cast<int64_t>(w) == options.end : true;
      if (may && log_p[w] > -std::numeric_limits<double>::infinity()) {
        choices.push_back({open[k].log_probability + log_p[w], k, static_cast<int64_t>(w)});
      }
    }
  }
  std::sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
    if (a.total != b.total) return a.total > b.total;
    return a.from != b.from ? a.from < b.from : a.word < b.word;
  });
  std::vector<Hypothesis> all;
  for (const Choice& c : choices) {
    all.push_back({open[c.from].words, c.total});
    all.back().words.push_back(c.word);
  }
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
  std::vector<Hypothesis> next;
  int64_t rank = 0;
  for (const Hypothesis& h : all) {
    const bool ends = h.words.back() == options.end;
    if (ends && rank < options.beam) beam.ended.push_back(h);
    if (!ends) next.push_back(h);
    ++rank;
  }
  if (static_cast<int64_t>(next.size()) > options.beam) next.resize(options.beam);
  beam.open = next;
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
  double ended = -std::numeric_limits<double>::infinity(), open = ended;
  for (const Hypothesis& h : beam.ended) ended = std::max(ended, score(h, options));
  for (const Hypothesis& h : beam.open) open = std::max(open, score(h, options));
  const bool enough = static_cast<int64_t>(beam.ended.size()) >= options.beam;
  return beam.open.empty() || (enough && ended >= open);
  // end
}

/// The best hypothesis that a beam finds.
inline Hypothesis beam_search(const NextWord& next, const SearchOptions& options) {
  // blank: advance until it is decided
  Beam beam;
  do advance(beam, continuations(next, beam.open, options), options);
  while (!decided(beam, options));
  const Hypothesis* found = &beam.ended.front();
  for (const Hypothesis& h : beam.ended) {
    if (score(h, options) > score(*found, options)) found = &h;
  }
  return *found;
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
