#include <heed/core/error.hpp>

namespace heed {

namespace {

/// Length of the valid UTF-8 sequence of a printable character at `text[i]`, 0 if there is none.
std::size_t printable(const std::string& text, std::size_t i) {
  const auto at = [&](std::size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const auto follows = [&](std::size_t k) { return (at(k) & 0xC0u) == 0x80u; };
  const unsigned c = at(i);
  if (c >= 0x20 && c < 0x7F) return 1;
  if (c == 0xC2 && at(i + 1) < 0xA0) return 0;  // C1 controls
  if (c >= 0xC2 && c <= 0xDF && follows(i + 1)) return 2;
  if (c >= 0xE0 && c <= 0xEF && follows(i + 1) && follows(i + 2)) return 3;
  if (c >= 0xF0 && c <= 0xF4 && follows(i + 1) && follows(i + 2) && follows(i + 3)) return 4;
  return 0;
}

}  // namespace

std::string escaped(const std::string& text, std::size_t limit) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "...";
    if (const std::size_t length = printable(text, i)) {
      out.append(text, i, length);
      i += length;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i++]);
    out += {'\\', 'x', digits[c >> 4], digits[c & 15]};
  }
  return out;
}

}  // namespace heed
