#include <algorithm>
#include <numeric>

#include "generators.hpp"

namespace heed::tools {

namespace {

std::string random_letters(Generator& generator, LengthRange range) {
  const auto lengths = static_cast<uint64_t>(range.max - range.min + 1);
  const int64_t length = range.min + static_cast<int64_t>(generator.below(lengths));
  std::string letters;
  for (int64_t i = 0; i < length; ++i) {
    letters += static_cast<char>('a' + generator.below(26));
  }
  return letters;
}

/// The places of the letters, in their order.
std::vector<int> places_of(const std::string& letters) {
  std::vector<int> places(letters.size());
  std::iota(places.begin(), places.end(), 0);
  return places;
}

/// The letters as words, and the same in another order: `order[j]` is the place of target word j.
Pair reordered(const std::string& letters, const std::vector<int>& order) {
  Pair pair;
  for (const int i : places_of(letters)) {
    const char* space = i == 0 ? "" : " ";
    const int from = order[static_cast<std::size_t>(i)];
    (pair.source += space) += letters[static_cast<std::size_t>(i)];
    (pair.target += space) += letters[static_cast<std::size_t>(from)];
    pair.alignment.emplace_back(from, i);
  }
  return pair;
}

}  // namespace

Pair random_reversal(Generator& generator, LengthRange range) {
  const std::string letters = random_letters(generator, range);
  std::vector<int> order = places_of(letters);
  std::reverse(order.begin(), order.end());
  return reordered(letters, order);
}

Pair random_copy(Generator& generator, LengthRange range) {
  const std::string letters = random_letters(generator, range);
  return reordered(letters, places_of(letters));
}

Pair random_sorting(Generator& generator, LengthRange range) {
  const std::string letters = random_letters(generator, range);
  std::vector<int> order = places_of(letters);
  // Equal letters keep their order: a pair of letter and place is there once.
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return std::pair(letters[static_cast<std::size_t>(a)], a) <
           std::pair(letters[static_cast<std::size_t>(b)], b);
  });
  return reordered(letters, order);
}

}  // namespace heed::tools
