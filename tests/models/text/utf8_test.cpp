#include "../../../models/text/utf8.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"

using namespace heed;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Words = std::vector<std::string>;

namespace {

void check_fault(const std::string& text, int64_t offset, const std::string& bytes,
                 const std::string& reason) {
  INFO(bytes);
  const Utf8Fault fault = find_utf8_fault(text);
  REQUIRE(fault);
  CHECK(fault.offset == offset);
  CHECK(fault.bytes == bytes);
  CHECK_THAT(fault.reason, Contains(reason));
}

}  // namespace

TEST_CASE("every code point survives encoding and decoding", "[utf8]") {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    if (find_utf8_fault(text) || code_points(text) != std::vector<char32_t>{c}) {
      FAIL("code point " << static_cast<uint32_t>(c));
    }
  }
}

TEST_CASE("what is no UTF-8 is found with its offset and bytes", "[utf8]") {
  check_fault("ab\xC0\x80"s, 2, "C0 80", "overlong");
  check_fault("\xE0\x9F\xBFx"s, 0, "E0 9F BF", "overlong");
  check_fault("\xF0\x8F\xBF\xBF"s, 0, "F0 8F BF BF", "overlong");
  check_fault("\xC1\xBF"s, 0, "C1 BF", "overlong");
  check_fault("x\xED\xA0\x80"s, 1, "ED A0 80", "surrogate");
  check_fault("\xED\xBF\xBF"s, 0, "ED BF BF", "surrogate");
  check_fault("\xF4\x90\x80\x80"s, 0, "F4 90 80 80", "above U+10FFFF");
  check_fault("\xF7\xBF\xBF\xBF"s, 0, "F7 BF BF BF", "above U+10FFFF");
  check_fault("abc\xE2\x82"s, 3, "E2 82", "cut short");
  check_fault("\xE2\x82z"s, 0, "E2 82", "cut short");
  check_fault("\xC3"s, 0, "C3", "cut short");
  check_fault("é\x80"s, 2, "80", "continuation");
  check_fault("\xFF"s, 0, "FF", "never uses");
  check_fault("\xF8\x88\x80\x80\x80"s, 0, "F8", "never uses");
  check_fault("a\0b"s, 1, "00", "NUL");
}

TEST_CASE("the borders of what UTF-8 allows are accepted", "[utf8]") {
  for (const char* text : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", ""}) {
    CHECK_FALSE(find_utf8_fault(text));
  }
}

TEST_CASE("functions on characters refuse invalid UTF-8", "[utf8]") {
  CHECK_THROWS_AS(code_points("\xC0\x80"), DataError);
  CHECK_THROWS_WITH(characters("ab\xFF"), Contains("byte 2") && Contains("(FF)"));
  CHECK_THROWS_AS(lowercase("\x80"), DataError);
}

TEST_CASE("characters are code points, each with all of its bytes", "[utf8]") {
  CHECK(characters("aé€😀") == Words{"a", "é", "€", "😀"});
  CHECK(characters("").empty());
}

TEST_CASE("white space is that of Python's str", "[utf8]") {
  const std::vector<char32_t> spaces{0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x1C,   0x1D,   0x1E,
                                     0x1F,   0x20,   0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002,
                                     0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
                                     0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  std::vector<char32_t> found;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (is_space(c)) found.push_back(c);
  }
  CHECK(found == spaces);
}

TEST_CASE("splitting and stripping follow Python's str", "[utf8]") {
  CHECK(split_words("  a\u00a0b \t c\u3000") == Words{"a", "b", "c"});
  CHECK(split_words(" \u2028 ").empty());
  CHECK(split_words("zero\u200bwidth") == Words{"zero\u200bwidth"});
  CHECK(strip("\u00a0 a b \u2003") == "a b");
  CHECK(strip(" \u0085 ").empty());
  CHECK(strip_end(" a b \u2003") == " a b");
  CHECK(strip_end(" \t").empty());
  for (const char* text : {"", " \t", "\u00a0\u2003"}) CHECK(is_blank(text));
  for (const char* text : {"a", " \u2003. ", "\u200b"}) CHECK_FALSE(is_blank(text));
}

TEST_CASE("lower case knows the full mapping and the final sigma", "[utf8]") {
  CHECK(lowercase("ÀÉ Ж Ǆ ẞ K") == "àé ж ǆ ß k");
  CHECK(lowercase("ΟΔΟΣ Σ ΣΑ Α.Σ. ΑΣ'Α") == "οδος σ σα α.ς. ασ'α");
  CHECK(lowercase("İ") == "i\u0307");
}
