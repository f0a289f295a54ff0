#include "numbered_text.hpp"

#include <algorithm>
#include <cstdio>

#include "../../core/error.hpp"
#include "utf8.hpp"

namespace heed {

std::vector<int32_t> TokenNumbers::number(const std::vector<std::string>& tokens) {
  std::vector<int32_t> numbers;
  numbers.reserve(tokens.size());
  for (const std::string& token : tokens) {
    const auto [entry, is_new] = numbers_.emplace(token, static_cast<int32_t>(tokens_.size()));
    if (is_new) tokens_.push_back(token);
    numbers.push_back(entry->second);
  }
  return numbers;
}

std::string to_string(const FilterCounts& counts, const PairFilter& filter) {
  std::string out = std::to_string(counts.read) + " pairs read, " + std::to_string(counts.kept) +
                    " kept, " + std::to_string(counts.blank) + " with a blank side";
  if (filter.max_length > 0) {
    out += ", " + std::to_string(counts.too_long) + " longer than " +
           std::to_string(filter.max_length) + " tokens";
  }
  if (filter.length_ratio > 0) {
    char ratio[32];
    std::snprintf(ratio, sizeof ratio, "%g", filter.length_ratio);
    out += ", " + std::to_string(counts.unbalanced) + " of a length ratio above " + ratio;
  }
  return out;
}

namespace {

/// The count that a pair of lines with so many tokens, neither blank, belongs to.
int64_t& verdict(std::size_t source, std::size_t target, const PairFilter& filter,
                 FilterCounts& counts) {
  const auto [shorter, longer] =
      std::minmax({static_cast<int64_t>(source), static_cast<int64_t>(target)});
  if (filter.max_length > 0 && longer > filter.max_length) return counts.too_long;
  if (filter.length_ratio <= 0) return counts.kept;
  const double allowed = filter.length_ratio * static_cast<double>(shorter);
  return static_cast<double>(longer) > allowed ? counts.unbalanced : counts.kept;
}

}  // namespace

NumberedText filter_pairs(ParallelText text, const PairFilter& filter, const Tokenizer& tokenizer,
                          TokenNumbers& source, TokenNumbers& target, FilterCounts& counts,
                          const std::string& name) {
  counts = {.read = text.size()};
  NumberedText kept;
  for (std::size_t i = 0; i < text.source.size(); ++i) {
    if (is_blank(text.source[i]) || is_blank(text.target[i])) {
      ++counts.blank;
      continue;
    }
    std::vector<int32_t> from = source.number(tokenizer.split(text.source[i]));
    std::vector<int32_t> to = target.number(tokenizer.split(text.target[i]));
    int64_t& count = verdict(from.size(), to.size(), filter, counts);
    ++count;
    if (&count != &counts.kept) continue;
    kept.lines.source.push_back(std::move(text.source[i]));
    kept.lines.target.push_back(std::move(text.target[i]));
    kept.source.push_back(std::move(from));
    kept.target.push_back(std::move(to));
  }
  if (counts.kept == 0) {
    throw DataError(escaped(name) + ": no pair is left: " + to_string(counts, filter));
  }
  return kept;
}

}  // namespace heed
