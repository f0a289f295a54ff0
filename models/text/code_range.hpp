#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace heed {

/// Code points from the first to the last; the generated tables hold them in their order.
struct CodeRange {
  char32_t first, last;
};

/// The range that `c` lies in, or the end of the table.
template <class Range, std::size_t N>
const Range* range_of(const Range (&table)[N], char32_t c) {
  const Range* found = std::lower_bound(std::begin(table), std::end(table), c,
                                        [](const Range& r, char32_t x) { return r.last < x; });
  return found != std::end(table) && found->first <= c ? found : std::end(table);
}

/// Does `c` lie in one of the ranges?
template <std::size_t N>
bool lies_in(const CodeRange (&table)[N], char32_t c) {
  return range_of(table, c) != std::end(table);
}

}  // namespace heed
