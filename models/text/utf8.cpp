#include "utf8.hpp"

#include "../../core/characters.hpp"
#include "../../core/error.hpp"

namespace heed {

namespace {

std::string hexadecimal(const std::string& text, std::size_t first, std::size_t length) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (std::size_t i = first; i < first + length; ++i) {
    if (i > first) out += ' ';
    const auto byte = static_cast<unsigned char>(text[i]);
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

/// Calls `visit(first byte, length, code point)` for each character.
template <class Visit>
void for_each_character(const std::string& text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    const Character c = character_at(text, i);
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
    const Character c = character_at(text, i);
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

bool is_blank(const std::string& text) {
  const Bounds bounds = without_space(text);
  return bounds.first == bounds.last;
}

std::string strip_end(const std::string& text) {
  const Bounds bounds = without_space(text);
  return bounds.first == text.size() ? std::string() : text.substr(0, bounds.last);
}

}  // namespace heed
