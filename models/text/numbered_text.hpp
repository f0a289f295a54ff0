#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "parallel_text.hpp"
#include "tokenizer.hpp"

namespace heed {

/// Tokens numbered from 0 in the order in which they are met: what the lines of a text are read
/// into, each tokenised once, as long as its vocabulary is not known.
class TokenNumbers {
 public:
  std::vector<int32_t> number(const std::vector<std::string>& tokens);
  /// The token of each number.
  const std::vector<std::string>& tokens() const { return tokens_; }

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, int32_t> numbers_;
};

/// Which pairs are fit for training; 0 is no limit.
struct PairFilter {
  /// The largest number of tokens of either side.
  int64_t max_length = 0;
  /// The largest ratio of the longer side to the shorter one.
  double length_ratio = 0;
};

/// What became of the pairs of a text.
struct FilterCounts {
  int64_t read = 0, kept = 0;
  /// Dropped: a side is empty or white space; a side is too long; the ratio is too large.
  int64_t blank = 0, too_long = 0, unbalanced = 0;
};
/// `20000 pairs read, 19990 kept, 4 with a blank side, 6 longer than 50 tokens, 0 of a length ratio
/// above 9`.
std::string to_string(const FilterCounts& counts, const PairFilter& filter);

/// Pairs of lines, and the numbers of the tokens of each.
struct NumberedText {
  ParallelText lines;
  std::vector<std::vector<int32_t>> source, target;
};

/// The pairs of `text` that `filter` keeps, in their order. `source` and `target` number the tokens
/// of each side; they may be one. `DataError` with all counts if no pair is left; `name` stands for
/// the text in messages.
NumberedText filter_pairs(ParallelText text, const PairFilter& filter, const Tokenizer& tokenizer,
                          TokenNumbers& source, TokenNumbers& target, FilterCounts& counts,
                          const std::string& name = "training text");

}  // namespace heed
