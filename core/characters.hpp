#pragma once

#include <cstddef>
#include <string_view>

// The characters of UTF-8, one at a time; models/text/utf8.hpp has what is done with whole texts.
namespace heed {

/// The character that begins at a byte of a text, or what is wrong with the bytes in its place.
struct Character {
  char32_t code_point = 0;
  std::size_t length = 1;
  /// `overlong form`, `surrogate`, ...; null if nothing is wrong.
  const char* fault = nullptr;
};

/// Decodes strictly (Unicode 15, table 3-7): overlong forms, surrogates, values above U+10FFFF, cut
/// sequences, lone continuation bytes and NUL are faults. `i` lies in the text.
Character character_at(std::string_view text, std::size_t i);

/// Controls (C0, DEL, C1), what ends a line, what reorders or hides its neighbours, and byte order
/// marks and other code points that are no characters: a terminal obeys these or shows nothing.
bool is_obeyed_by_terminals(char32_t code_point);

}  // namespace heed
