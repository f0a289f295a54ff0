#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../core/random.hpp"
#include "tasks.hpp"

/// The generators behind the tasks of `heed data`: each makes one random example.
namespace heed::tools {

/// Bounds of the number of source tokens, both included.
struct LengthRange {
  int64_t min = 1, max = 1;
};

/// An English sentence and its French translation, words separated by spaces.
Pair random_phrase(Generator& generator, LengthRange range);
/// How many different sentences of one clause with at most `max_length` words the grammar of
/// `random_phrase` has; sentences of several clauses come on top.
double count_phrases(int64_t max_length);

/// A free English date and the same in ISO 8601; aligned by characters.
Pair random_date(Generator& generator, LengthRange range);

/// A number below 10^9 in English words and in German ones, where units and tens swap. German runs
/// its words together; here they stand apart, so that each has its own alignment: `forty two`,
/// `zwei und vierzig`.
Pair random_number(Generator& generator, LengthRange range);
/// The pair of one number, 0 <= number < 10^9.
Pair number_pair(int number);

/// Letters separated by spaces, and the same from the last to the first, as they are, or in the
/// order of the alphabet (equal letters keep theirs).
Pair random_reversal(Generator& generator, LengthRange range);
Pair random_copy(Generator& generator, LengthRange range);
Pair random_sorting(Generator& generator, LengthRange range);

/// One of `choices`.
template <class T>
const T& pick(Generator& generator, const std::vector<T>& choices) {
  return choices[generator.below(choices.size())];
}

}  // namespace heed::tools
