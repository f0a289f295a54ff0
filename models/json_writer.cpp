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

}  // namespace

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const auto c = static_cast<unsigned char>(text.front());
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (c == '"' || c == '\\')
      out += {'\\', text.front()};
    else if (c < 0x20 || c == 0x7F)
      out += {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

}  // namespace heed
