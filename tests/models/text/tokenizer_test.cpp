#include "../../../models/text/tokenizer.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"

using namespace heed;
using Catch::Matchers::Contains;
using Tokens = std::vector<std::string>;

TEST_CASE("word splits on runs of U+0020 and changes nothing else", "[tokenizer]") {
  const WordTokenizer words;
  CHECK(words.split("the  cat ") == Tokens{"the", "cat"});
  CHECK(words.split("   a") == Tokens{"a"});
  CHECK(words.split("").empty());
  CHECK(words.split("   ").empty());
  CHECK(words.split("a\tb\u00a0c\r d\u2028e") == Tokens{"a\tb\u00a0c\r", "d\u2028e"});
  CHECK(words.split("Don't, R&D!") == Tokens{"Don't,", "R&D!"});
  CHECK(words.join({"l'", "ami"}) == "l' ami");
  CHECK(words.join({}).empty());
}

TEST_CASE("char takes code points and gives the line back", "[tokenizer]") {
  const CharTokenizer chars;
  CHECK(chars.split("a é😀") == Tokens{"a", " ", "é", "😀"});
  CHECK(chars.split("").empty());
  const std::string line = " 3 März  1998\u0301 ";
  CHECK(chars.join(chars.split(line)) == line);
}

TEST_CASE("tokenizers go by name", "[tokenizer]") {
  CHECK(make_tokenizer("word")->name() == "word");
  CHECK(make_tokenizer("char")->name() == "char");
  CHECK_THROWS_AS(make_tokenizer("words"), ConfigError);
  CHECK_THROWS_WITH(make_tokenizer("w\x1b"), Contains("'w\\x1b'") && Contains("word and char"));
}
