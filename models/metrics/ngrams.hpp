#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace heed {

/// An n-gram of at most `max_order` words or characters, as numbers that are not negative; what
/// lies behind the n-th is -1.
template <std::size_t max_order>
using Gram = std::array<int32_t, max_order>;

template <std::size_t max_order>
struct CountedGram {
  Gram<max_order> gram;
  int64_t count;
};

/// The different n-grams in their order, and how often each occurs.
template <std::size_t max_order>
std::vector<CountedGram<max_order>> count_grams(const std::vector<int32_t>& words, std::size_t n) {
  std::vector<Gram<max_order>> grams;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    Gram<max_order> gram;
    gram.fill(-1);
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(i), n, gram.begin());
    grams.push_back(gram);
  }
  std::sort(grams.begin(), grams.end());
  std::vector<CountedGram<max_order>> counted;
  for (const Gram<max_order>& gram : grams) {
    if (counted.empty() || counted.back().gram != gram) counted.push_back({gram, 0});
    ++counted.back().count;
  }
  return counted;
}

/// How often `gram` occurs in `counted`.
template <std::size_t max_order>
int64_t count_of(const Gram<max_order>& gram, const std::vector<CountedGram<max_order>>& counted) {
  const auto found =
      std::lower_bound(counted.begin(), counted.end(), gram,
                       [](const CountedGram<max_order>& c, const Gram<max_order>& wanted) {
                         return c.gram < wanted;
                       });
  return found != counted.end() && found->gram == gram ? found->count : 0;
}

/// How many n-grams a text of `length` words has.
inline int64_t number_of_grams(std::size_t length, std::size_t n) {
  return std::max<int64_t>(static_cast<int64_t>(length) - static_cast<int64_t>(n) + 1, 0);
}

}  // namespace heed
