#include <heed/core/error.hpp>

#include <algorithm>

namespace heed {

namespace {

/// The character that starts at `text[i]`, and its length; length 0 if that is no valid UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t length = 0;
};

Character character_at(const std::string& text, std::size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first < 0xC2   ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || i + length > text.size()) return {};
  char32_t code = first & (0xFFu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    const auto next = static_cast<unsigned char>(text[i + k]);
    if ((next & 0xC0u) != 0x80u) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr char32_t smallest[] = {0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < smallest[length - 2] || code > 0x10FFFF || surrogate) return {};
  return {code, length};
}

/// Controls (C0, DEL, C1), what ends a line, and what reorders or hides its neighbours: a terminal
/// would obey these instead of showing them.
bool is_harmful(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         (c & 0xFFFE) == 0xFFFE;
}

}  // namespace

std::string escaped(const std::string& text, std::size_t limit) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "...";
    const Character character = character_at(text, i);
    const std::size_t end = i + std::max<std::size_t>(character.length, 1);
    const bool shown = character.length > 0 && !is_harmful(character.code);
    for (; i < end; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (shown) {
        out += text[i];
      } else {
        out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      }
    }
  }
  return out;
}

}  // namespace heed
