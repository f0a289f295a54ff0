#include "../../../models/text/vocabulary.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Tokens = std::vector<std::string>;

namespace {

/// Writes a file and returns its path.
std::string write(const std::string& path, const std::string& bytes) {
  write_file_atomically(path, bytes);
  return path;
}

const std::string symbols = "<pad>\n<unk>\n<s>\n</s>\n";

/// The message of the DataError that a file of these bytes makes.
std::string message_of(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "source.vocab", bytes);
  try {
    Vocabulary::load(path);
  } catch (const DataError& error) {
    return std::string(error.what()).substr(path.size() - std::string("source.vocab").size());
  }
  return "no DataError";
}

}  // namespace

TEST_CASE("a vocabulary is built by falling count, then by code point", "[vocabulary]") {
  const Vocabulary v = Vocabulary::build({"b a c", "a c é", "c ü é z"}, WordTokenizer());
  CHECK(v.tokens() == Tokens{"<pad>", "<unk>", "<s>", "</s>", "c", "a", "é", "b", "z", "ü"});
  CHECK(Vocabulary::build({"b a c", "a c é", "c"}, WordTokenizer(), 2).tokens() ==
        Tokens{"<pad>", "<unk>", "<s>", "</s>", "c", "a"});
  CHECK(Vocabulary::build({"b a c", "a c é", "c ü é z"}, WordTokenizer(), 1, 4).tokens() ==
        Tokens{"<pad>", "<unk>", "<s>", "</s>", "c", "a", "é", "b"});
  CHECK(Vocabulary::build({"b a c", "a c é", "c"}, WordTokenizer(), 2, 9).size() == 6);
  CHECK(Vocabulary().size() == 4);
}

TEST_CASE("ids and tokens map to each other, unknown words to <unk>", "[vocabulary]") {
  const Vocabulary v = Vocabulary::build({"the cat the dog"}, WordTokenizer());
  CHECK(v.encode({"the", "cow", "dog"}) == std::vector<int32_t>{4, Vocabulary::unk, 6});
  CHECK(v.decode({4, 5, 3, 1}) == Tokens{"the", "cat", "</s>", "<unk>"});
  CHECK_THROWS_AS(v.token(7), IndexError);
  CHECK_THROWS_WITH(v.token(-1), Contains("id -1 is not in [0, 7)"));
}

TEST_CASE("a literal symbol in text is never the symbol", "[vocabulary]") {
  const Vocabulary v = Vocabulary::build({"<s> a </s> <pad> a <unk>"}, WordTokenizer());
  CHECK(v.size() == 5);
  for (const char* word : {"<s>", "</s>", "<pad>", "<unk>"}) CHECK(v.id(word) == Vocabulary::unk);
}

TEST_CASE("tokens with control characters stay unknown", "[vocabulary]") {
  const Vocabulary v = Vocabulary::build({"a\tb", "\r"}, CharTokenizer());
  CHECK(v.tokens() == Tokens{"<pad>", "<unk>", "<s>", "</s>", "a", "b"});
  CHECK(v.id("\t") == Vocabulary::unk);
}

TEST_CASE("a vocabulary of characters keeps the space", "[vocabulary]") {
  const Vocabulary v = Vocabulary::build({"3 May", "\u00a0\u2028"}, CharTokenizer());
  const TemporaryFolder folder;
  v.save((folder / "source.vocab"));
  CHECK(Vocabulary::load((folder / "source.vocab")) == v);
  CHECK(v.id(" ") > Vocabulary::eos);
}

TEST_CASE("saving and loading gives the vocabulary back", "[vocabulary]") {
  const TemporaryFolder folder;
  const Vocabulary v = Vocabulary::build({"été l' ami", "ami"}, WordTokenizer());
  v.save((folder / "source.vocab"));
  CHECK(read_file(folder / "source.vocab") == symbols + "ami\nl'\nété\n");
  CHECK(Vocabulary::load((folder / "source.vocab")) == v);
}

TEST_CASE("a bad vocabulary file is refused with its line", "[vocabulary]") {
  CHECK_THAT(message_of(symbols + "a\nb\na\n"),
             Contains(":7: duplicate token 'a'") && Contains("first on line 5"));
  CHECK_THAT(message_of(symbols + "<s>\n"), Contains(":5: duplicate token '<s>'"));
  CHECK_THAT(message_of("<pad>\n<s>\n</s>\na\n"),
             Contains(":2: expected the symbol <unk>, found <s>"));
  CHECK_THAT(message_of("<pad>\n<unk>\n"), Contains(":3: expected the symbol <s>, found the end"));
  CHECK_THAT(message_of(""), Contains(":1: expected the symbol <pad>"));
  CHECK_THAT(message_of(symbols + "a\n\nb\n"), Contains(":6: empty token"));
  CHECK_THAT(message_of(symbols + "a\tb\n"), Contains(":5: token 'a\\x09b' has a control"));
  CHECK_THAT(message_of(symbols + "a\r\n"), Contains(":5: token 'a\\x0d' has a control"));
  CHECK_THAT(message_of(symbols + "a\0\n"s), Contains(":5: byte 1: invalid UTF-8 (00)"));
  CHECK_THAT(message_of(symbols + "ab\xED\xA0\x80\n"),
             Contains(":5: byte 2: invalid UTF-8 (ED A0 80): surrogate"));
  CHECK_THAT(message_of(symbols + "a\nb"), Contains(":6: the last line has no newline"));
}

TEST_CASE("an absent vocabulary is an IoError that names it", "[vocabulary]") {
  CHECK_THROWS_AS(Vocabulary::load("/nonexistent/source.vocab"), IoError);
  CHECK_THROWS_WITH(Vocabulary::load("/nonexistent/source.vocab"), Contains("source.vocab"));
}

TEST_CASE("a byte order mark at the start of a vocabulary is said to be one") {
  TemporaryFolder folder;
  write_file_atomically(folder / "v", "\xef\xbb\xbf<pad>\n<unk>\n<s>\n</s>\n");
  CHECK_THROWS_WITH(Vocabulary::load(folder / "v"),
                    Contains("v:1: begins with a byte order mark (BOM)"));
}
