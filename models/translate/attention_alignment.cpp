#include "attention_alignment.hpp"

#include <algorithm>

namespace heed {

std::vector<int64_t> strongest_words(const Translation& t) {
  if (t.attention.empty() || t.source.size() < 2) return {};
  const std::size_t rows = t.target.size(), columns = t.source.size();
  std::vector<double> sums(rows * columns, 0.0);
  for (const AttentionLayer& layer : t.attention) {
    if (layer.queries != Side::target || layer.keys != Side::source) continue;
    for (const AttentionHead& head : layer.heads) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(head.weights[i]);
    }
  }
  std::vector<int64_t> words(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = sums.begin() + static_cast<std::ptrdiff_t>(i * columns);
    const auto end = row + static_cast<std::ptrdiff_t>(columns - 1);  // without </s>
    words[i] = std::max_element(row, end) - row;
  }
  return words;
}

Alignment alignment(const Translation& translation) {
  Alignment links;
  const std::vector<int64_t> words = strongest_words(translation);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    links.emplace_back(words[i], static_cast<int64_t>(i));
  }
  return links;
}

}  // namespace heed
