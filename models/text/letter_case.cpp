#include <algorithm>
#include <iterator>

#include "letter_case_tables.hpp"
#include "utf8.hpp"

namespace heed {

namespace {

bool is_cased(char32_t c) { return lies_in(cased_ranges, c); }
bool is_ignored(char32_t c) { return lies_in(ignored_ranges, c); }

char32_t lower(char32_t c) {
  const LowerRange* range = range_of(lower_ranges, c);
  if (range == std::end(lower_ranges)) return c;
  if ((c - range->first) % static_cast<char32_t>(range->step) != 0) return c;
  return static_cast<char32_t>(static_cast<int32_t>(c) + range->difference);
}

/// Is the sigma at `i` the last letter of a word: behind a cased letter and before none (Unicode
/// 15, table 3-17)?
bool is_final_sigma(const std::vector<char32_t>& text, std::size_t i) {
  const auto here = text.begin() + static_cast<std::ptrdiff_t>(i);
  const auto before = std::find_if_not(std::make_reverse_iterator(here), text.rend(), is_ignored);
  if (before == text.rend() || !is_cased(*before)) return false;
  const auto behind = std::find_if_not(here + 1, text.end(), is_ignored);
  return behind == text.end() || !is_cased(*behind);
}

}  // namespace

std::string lowercase(const std::string& text) {
  constexpr char32_t sigma = 0x3A3, small_sigma = 0x3C3, final_sigma = 0x3C2;
  constexpr char32_t dotted_i = 0x130, dot_above = 0x307;
  const std::vector<char32_t> characters = code_points(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    if (c == sigma) {
      append_utf8(out, is_final_sigma(characters, i) ? final_sigma : small_sigma);
    } else if (c == dotted_i) {
      append_utf8(out, 'i'), append_utf8(out, dot_above);
    } else {
      append_utf8(out, lower(c));
    }
  }
  return out;
}

}  // namespace heed
