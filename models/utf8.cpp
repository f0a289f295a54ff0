#include <heed/models/utf8.hpp>

#include <heed/core/error.hpp>

namespace heed {

namespace {

/// One decoded character, or what is wrong with the bytes that stand in its place.
struct Decoded {
  char32_t code_point = 0;
  std::size_t length = 1;
  const char* fault = nullptr;
};

unsigned byte_at(const std::string& text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
}

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

Decoded decode(const std::string& text, std::size_t i) {
  const unsigned lead = byte_at(text, i);
  const std::size_t length = sequence_length(lead);
  if (length == 0) {
    return {0, 1, lead < 0xC0 ? "lone continuation byte" : "byte that UTF-8 never uses"};
  }
  char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    const unsigned next = byte_at(text, i + k);
    if ((next & 0xC0u) != 0x80u) return {0, k, "sequence that is cut short"};
    value = (value << 6) | (next & 0x3Fu);
  }
  return {value, length, fault_of(value, length)};
}

std::string hexadecimal(const std::string& text, std::size_t first, std::size_t length) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = first; i < first + length; ++i) {
    if (i > first) out += ' ';
    out += digits[byte_at(text, i) >> 4];
    out += digits[byte_at(text, i) & 15];
  }
  return out;
}

/// Calls `visit(first byte, length, code point)` for each character.
template <class Visit>
void for_each_character(const std::string& text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    if (c.fault) {
      throw DataError("byte " + std::to_string(i) + ": invalid UTF-8 (" +
                      hexadecimal(text, i, c.length) + "): " + c.fault);
    }
    visit(i, c.length, c.code_point);
    i += c.length;
  }
}

/// The bytes [first, last) of `text` without white space at both ends.
struct Bounds {
  std::size_t first = 0, last = 0;
};

Bounds without_space(const std::string& text) {
  Bounds bounds{text.size(), text.size()};
  for_each_character(text, [&](std::size_t i, std::size_t length, char32_t c) {
    if (is_space(c)) return;
    if (bounds.first == text.size()) bounds.first = i;
    bounds.last = i + length;
  });
  return bounds;
}

}  // namespace

Utf8Fault find_utf8_fault(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const Decoded c = decode(text, i);
    if (c.fault) return {static_cast<int64_t>(i), hexadecimal(text, i, c.length), c.fault};
    i += c.length;
  }
  return {};
}

std::vector<char32_t> code_points(const std::string& text) {
  std::vector<char32_t> out;
  for_each_character(text, [&](std::size_t, std::size_t, char32_t c) { out.push_back(c); });
  return out;
}

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> out;
  for_each_character(text, [&](std::size_t i, std::size_t length, char32_t) {
    out.push_back(text.substr(i, length));
  });
  return out;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<uint8_t>(byte)); };
  const auto follow = [&](int shift) { put(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6)), follow(0);
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12)), follow(6), follow(0);
  } else {
    put(0xF0 | (code_point >> 18)), follow(12), follow(6), follow(0);
  }
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for_each_character(text, [&](std::size_t i, std::size_t length, char32_t c) {
    if (is_space(c)) {
      finish();
    } else {
      word.append(text, i, length);
    }
  });
  finish();
  return words;
}

std::string strip(const std::string& text) {
  const Bounds bounds = without_space(text);
  return text.substr(bounds.first, bounds.last - bounds.first);
}

std::string strip_end(const std::string& text) {
  const Bounds bounds = without_space(text);
  return bounds.first == text.size() ? std::string() : text.substr(0, bounds.last);
}

}  // namespace heed
