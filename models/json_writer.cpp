#include <heed/models/json_writer.hpp>
#include <heed/models/utf8.hpp>

namespace heed {

namespace {

/// The length of the valid UTF-8 character at the start of `text`, 0 if there is none.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead == 0) return 1;
  return find_utf8_fault(std::string(text.substr(0, length))) ? 0 : length;
}

/// What steers a terminal, or turns the order of what stands around it. All have four digits.
bool is_harmful(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const char32_t c = length == 0 ? 0 : code_points(std::string(text.substr(0, length))).front();
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\')
      out += {'\\', text.front()};
    else if (is_harmful(c))
      out += {'\\', 'u', digits[c >> 12], digits[c >> 8 & 15], digits[c >> 4 & 15], digits[c & 15]};
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

}  // namespace heed
