#include "suggest.hpp"

#include <algorithm>

namespace heed {

namespace {

/// A longer word is no slip of the fingers, and the table below is quadratic.
constexpr std::size_t longest_word = 64;

/// Optimal string alignment distance: d[i][j] over prefixes of a and b.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

/// `learning_rate` of `training.learning_rate`.
std::string last_part(const std::string& candidate) {
  return candidate.substr(candidate.rfind('.') + 1);  // npos + 1 is 0
}

/// `lr` of `learning_rate`, nothing of a single word.
std::string initials(const std::string& words) {
  std::string letters(1, words.empty() ? '_' : words[0]);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i - 1] == '_') letters += words[i];
  }
  return letters.size() > 1 ? letters : "";
}

}  // namespace

std::string closest(const std::string& word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > longest_word) return "";
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest_word) continue;
    const std::string name = last_part(candidate);
    const std::string letters = initials(name);
    const bool is_short = !letters.empty() && last_part(word) == letters;
    const std::size_t distance =
        is_short ? 0 : std::min(edit_distance(word, candidate), edit_distance(word, name));
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string found = closest(word, candidates);
  return found.empty() ? "" : "; did you mean \"" + found + "\"?";
}

std::string listed(const std::vector<std::string>& items, const std::string& separator) {
  constexpr std::size_t limit = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), limit); ++i) {
    text += (i == 0 ? "" : separator) + items[i];
  }
  if (items.size() <= limit) return text;
  return text + " and " + std::to_string(items.size() - limit) + " more";
}

}  // namespace heed
