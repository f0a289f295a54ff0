#include "json_writer.hpp"

#include <charconv>
#include <cmath>

#include "../characters.hpp"

namespace heed {

namespace {

template <class T>
std::string digits_of(T value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

std::string shortest(double value) { return digits_of(value); }
std::string shortest(float value) { return digits_of(value); }

std::string json_number(double value) { return std::isfinite(value) ? shortest(value) : "null"; }
std::string json_number(float value) { return std::isfinite(value) ? shortest(value) : "null"; }

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Character character = character_at(text, i);
    const char32_t c = character.code_point;
    const bool valid = !character.fault || text[i] == 0;
    if (!valid)
      out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\')
      out += {'\\', text[i]};
    else if (c < 0x10000 && is_obeyed_by_terminals(c))
      out += {'\\', 'u', digits[c >> 12], digits[c >> 8 & 15], digits[c >> 4 & 15], digits[c & 15]};
    else
      out.append(text, i, character.length);
    i += valid ? character.length : 1;
  }
  return out + '"';
}

}  // namespace heed
