#include "error.hpp"

#include "characters.hpp"

namespace heed {

std::string escaped(const std::string& text, std::size_t limit) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (out.size() >= limit) return out + "...";
    const Character character = character_at(text, i);
    const std::size_t end = i + (character.fault ? 1 : character.length);
    const bool shown = !character.fault && !is_obeyed_by_terminals(character.code_point);
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
