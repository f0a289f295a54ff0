#include "display_text.hpp"

#include <algorithm>

#include "../../core/characters.hpp"
#include "../../models/text/utf8.hpp"

namespace heed::tools {

namespace {

constexpr char32_t joiner = 0x200D, emoji_presentation = 0xFE0F;
const std::string ellipsis = "…";

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool is_skin_tone(char32_t c) { return c >= 0x1F3FB && c <= 0x1F3FF; }

void append_hex(std::string& out, unsigned byte) {
  static constexpr char digits[] = "0123456789abcdef";
  out += {'\\', 'x', digits[byte >> 4 & 15], digits[byte & 15]};
}

}  // namespace

std::vector<Cluster> clusters(const std::string& text) {
  std::vector<Cluster> out;
  bool joined = false;
  for (const char32_t c : code_points(text)) {
    const int64_t width = display_width(c);
    if (!out.empty() && (joined || width == 0 || is_skin_tone(c))) {
      if (c == emoji_presentation) out.back().width = 2;
    } else {
      out.push_back({"", width});
    }
    append_utf8(out.back().text, c);
    joined = c == joiner;
  }
  return out;
}

int64_t display_width(const std::string& text) {
  int64_t width = 0;
  for (const Cluster& cluster : clusters(text)) width += cluster.width;
  return width;
}

std::string shortened(const std::string& text, int64_t width) {
  if (display_width(text) <= width) return text;
  std::string out;
  int64_t used = 1;  // the ellipsis
  for (const Cluster& cluster : clusters(text)) {
    if (used + cluster.width > width) break;
    used += cluster.width;
    out += cluster.text;
  }
  return width > 0 ? out + ellipsis : "";
}

std::string visible(const std::string& token) {
  std::string out;
  if (find_utf8_fault(token)) {
    for (const char byte : token) {
      const auto value = static_cast<unsigned char>(byte);
      if (value >= 0x20 && value < 0x7F)
        out += byte;
      else
        append_hex(out, value);
    }
    return out;
  }
  for (const char32_t c : code_points(token)) {
    if (is_control(c))
      append_hex(out, static_cast<unsigned>(c));
    else if (is_space(c))
      out += "␣";
    else if (!is_obeyed_by_terminals(c))
      append_utf8(out, c);
  }
  return out;
}

}  // namespace heed::tools
