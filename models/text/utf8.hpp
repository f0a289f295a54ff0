#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heed {

/// The first place where a text is not what heed accepts as UTF-8.
struct Utf8Fault {
  /// Bytes before the fault, and the bytes at fault in hexadecimal (`C0 80`).
  int64_t offset = 0;
  std::string bytes;
  /// What is wrong: `overlong form`, `surrogate`, ...; empty if nothing is.
  std::string reason;
  explicit operator bool() const { return !reason.empty(); }
};

/// Checks `text` strictly (Unicode 15, table 3-7): overlong forms, surrogates, values above
/// U+10FFFF, cut sequences, lone continuation bytes and NUL are faults.
Utf8Fault find_utf8_fault(const std::string& text);

/// The code points of valid UTF-8; `DataError` names the byte where it is not.
std::vector<char32_t> code_points(const std::string& text);
/// The characters (code points) of valid UTF-8, each as its bytes.
std::vector<std::string> characters(const std::string& text);
/// Appends the UTF-8 form of `code_point`.
void append_utf8(std::string& text, char32_t code_point);

/// White space as Python's `str.isspace` sees it: no-break spaces and the separators U+001C to
/// U+001F too.
bool is_space(char32_t code_point);
/// Unicode's general categories P*, S* and N*.
bool is_punctuation(char32_t code_point);
bool is_symbol(char32_t code_point);
bool is_number(char32_t code_point);
/// The words of `text`, as Python's `str.split()`. `text` is valid UTF-8.
std::vector<std::string> split_words(const std::string& text);
/// `text` without white space at both ends, as Python's `str.strip()`,
/// and at its end alone (`rstrip`).
std::string strip(const std::string& text);
std::string strip_end(const std::string& text);
/// Is nothing but white space in it?
bool is_blank(const std::string& text);
/// `text` in lower case, as Python's `str.lower()`: the full mapping, final sigma included.
std::string lowercase(const std::string& text);

}  // namespace heed
