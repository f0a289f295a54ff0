#include <catch2/catch.hpp>

#include "../../core/error.hpp"

using heed::escaped;

TEST_CASE("text for a message holds no character that a terminal obeys") {
  CHECK(escaped("a\n\t\x1b[31m\x7f") == "a\\x0a\\x09\\x1b[31m\\x7f");
  CHECK(escaped("\u0080\u0085\u009b") == "\\xc2\\x80\\xc2\\x85\\xc2\\x9b");
  // Left-to-right and Arabic marks, embeddings and overrides, isolates.
  CHECK(escaped("\u200e") == "\\xe2\\x80\\x8e");
  CHECK(escaped("\u200f") == "\\xe2\\x80\\x8f");
  CHECK(escaped("\u061c") == "\\xd8\\x9c");
  for (const char* text : {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067",
                           "\u2068", "\u2069", "\u2028", "\u2029", "\ufeff"}) {
    CHECK(escaped(text).size() == 12);
    CHECK(escaped(text).starts_with("\\x"));
  }
}

TEST_CASE("text for a message holds no invalid UTF-8, and keeps what is valid") {
  CHECK(escaped("naïve 日本 🙂\u00a0\u200d") == "naïve 日本 🙂\u00a0\u200d");
  CHECK(escaped("\x80") == "\\x80");
  CHECK(escaped("\xc0\x9b") == "\\xc0\\x9b");           // overlong
  CHECK(escaped("\xe0\x82\x9b") == "\\xe0\\x82\\x9b");  // overlong U+009B
  CHECK(escaped("\xf0\x80\x82\x9b") == "\\xf0\\x80\\x82\\x9b");
  CHECK(escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  CHECK(escaped("a\xe6\x97") == "a\\xe6\\x97");                  // cut
  CHECK(escaped("\xe6z") == "\\xe6z");
}

TEST_CASE("long text for a message is cut between characters") {
  CHECK(escaped(std::string(500, 'a'), 10) == "aaaaaaaaaa...");
  CHECK(escaped("日日日", 4) == "日日...");
}
