#pragma once

#include <string>
#include <vector>

namespace heed {

/// The candidate with the fewest insertions, deletions, replacements and swaps of neighbours away
/// from `word`; empty if all are further than a third of the word (at least 1). The word may leave
/// out what stands before a candidate's last dot, and be the initials of the rest:
/// `lr` means `training.learning_rate`.
std::string closest(const std::string& word, const std::vector<std::string>& candidates);

/// `; did you mean "d_model"?`, or nothing if no candidate is close: to end a message with.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

/// The items of a list for a message, of a long one the first 20: `a, b, c and 99980 more`.
std::string listed(const std::vector<std::string>& items, const std::string& separator);

}  // namespace heed
