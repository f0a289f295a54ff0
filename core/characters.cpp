#include "characters.hpp"

namespace heed {

namespace {

/// Bytes that a sequence with this first byte has; 0 if no sequence starts with it.
std::size_t sequence_length(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC0) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF8 ? 4 : 0;
}

const char* fault_of(char32_t code_point, std::size_t length) {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code_point == 0 && length == 1) return "NUL byte";
  if (code_point < smallest[length]) return "overlong form";
  if (code_point >= 0xD800 && code_point < 0xE000) return "surrogate";
  return code_point > 0x10FFFF ? "above U+10FFFF" : nullptr;
}

}  // namespace

Character character_at(std::string_view text, std::size_t i) {
  const auto byte_at = [&](std::size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const unsigned lead = byte_at(i);
  const std::size_t length = sequence_length(lead);
  if (length == 0) {
    return {0, 1, lead < 0xC0 ? "lone continuation byte" : "byte that UTF-8 never uses"};
  }
  char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    const unsigned next = byte_at(i + k);
    if ((next & 0xC0u) != 0x80u) return {0, k, "sequence that is cut short"};
    value = (value << 6) | (next & 0x3Fu);
  }
  return {value, length, fault_of(value, length)};
}

bool is_obeyed_by_terminals(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF ||
         (c & 0xFFFE) == 0xFFFE;
}

}  // namespace heed
