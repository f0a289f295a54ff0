#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "../../core/array.hpp"
#include "search.hpp"

// What search keeps of a sentence, and the choice of its next words.
namespace heed::candidates {

inline constexpr int32_t no_word = -1;

/// A word of a hypothesis. Hypotheses with a common beginning share its words: the words of a
/// sentence's search are a tree. `row` is the decoder's row that the word was chosen from.
struct Word {
  int32_t parent, id, row;
  double log_probability;
};

/// A hypothesis: the sum of its log-probabilities and the place of its last word in the tree. Dead
/// if the sum is -infinity. `draw` is its number where words are drawn; `coverage` how much each
/// source word was looked at so far, with a coverage penalty only.
struct Beam {
  double total = 0;
  int32_t last = no_word, draw = 0;
  std::vector<double> coverage = {};
  bool dead() const { return total == -std::numeric_limits<double>::infinity(); }
};

struct Finished {
  double score;
  int32_t last;
};

/// The search for the translation of one sentence.
struct Sentence {
  /// Its place among those asked for, and its number in the text.
  std::size_t index;
  int64_t number, max_length, source_length;
  std::vector<int32_t> prefix;
  std::vector<Word> words = {};
  std::vector<Beam> beams = {Beam{}};
  std::vector<Finished> finished = {};
};

/// Hypothesis `from` with one word more.
struct Candidate {
  double total, log_probability;
  int64_t from;
  int32_t id, draw;
};

/// Most hypotheses of a sentence: the beam, or the number of draws.
int64_t width(const SearchOptions& options);

/// How the hypotheses of `sentence` may go on as word number `step` (from 0), best first; or with a
/// drawn word each. log_probabilities: [R, V], those of its hypotheses from `first_row` on. Throws
/// if no word may follow.
std::vector<Candidate> next_words(const Sentence& sentence, const SearchOptions& options,
                                  int64_t step, const Array& log_probabilities, int64_t first_row);

}  // namespace heed::candidates
