#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "../../core/array.hpp"
#include "../../core/kernels/rows.hpp"
#include "../../core/memory.hpp"
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
  Pooled<double> coverage = {};
  bool dead() const { return total == -std::numeric_limits<double>::infinity(); }
};

struct Finished {
  double score;
  int32_t last;
};

/// The search for the translation of one sentence. Its lists grow at each step, in memory from
/// heed's free lists.
struct Sentence {
  /// Its place among those asked for, and its number in the text.
  std::size_t index;
  int64_t number, max_length, source_length;
  std::vector<int32_t> prefix;
  Pooled<Word> words = {};
  Pooled<Beam> beams = {Beam{}};
  Pooled<Finished> finished = {};
};

/// Hypothesis `from` with one word more.
struct Candidate {
  double total, log_probability;
  int64_t from;
  int32_t id, draw;
};

/// Most hypotheses of a sentence: the beam, or the number of draws.
int64_t width(const SearchOptions& options);

/// The log-probabilities of the next words of all hypotheses, [R, V]; each is computed when it is
/// looked at.
class NextWords {
 public:
  explicit NextWords(const WordScores& words);
  int64_t vocabulary() const { return scores_.size(1); }

  /// Those of one hypothesis.
  template <class T>
  struct Row {
    const T *scores, *maxima;
    bool logits;
    T top, log_sum;
    double operator[](int64_t id) const { return of(scores[id]); }
    /// No word of block number b is more probable.
    double bound(int64_t b) const { return of(maxima[b]); }
    double of(T score) const {
      return static_cast<double>(logits ? (score - top) - log_sum : score);
    }
  };
  template <class T>
  Row<T> row(int64_t number) const {
    const int64_t blocks = largest_.maxima.size(1);
    return {scores_.data<T>() + number * vocabulary(), largest_.maxima.data<T>() + number * blocks,
            largest_.log_sum.defined(), largest_.top.data<T>()[number],
            largest_.log_sum.defined() ? largest_.log_sum.data<T>()[number] : T{0}};
  }
  DType dtype() const { return scores_.dtype(); }

 private:
  Array scores_;
  kernels::LargestOfRows largest_;
};

/// How the hypotheses of `sentence` may go on as word number `step` (from 0), best first; or with a
/// drawn word each. The rows of its hypotheses are those from `first_row` on. Throws if no word may
/// follow.
Pooled<Candidate> next_words(const Sentence& sentence, const SearchOptions& options, int64_t step,
                             const NextWords& words, int64_t first_row);

}  // namespace heed::candidates
