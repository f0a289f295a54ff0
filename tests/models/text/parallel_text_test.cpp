#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/text/numbered_text.hpp"
#include "../../../models/text/vocabulary.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using namespace std::string_literals;
using Catch::Matchers::Contains;
using Lines = std::vector<std::string>;

namespace {

/// Writes a file and returns its path.
std::string write(const std::string& path, const std::string& bytes) {
  write_file_atomically(path, bytes);
  return path;
}

struct Result {
  Lines lines, notes;
};

Result read(const std::string& bytes) {
  std::istringstream in(bytes);
  LineReader reader(in, "text");
  Result result;
  for (std::string line; reader.next(line);) result.lines.push_back(line);
  result.notes = reader.notes();
  return result;
}

template <class Match>
void check_refused(const std::string& bytes, const Match& message) {
  CHECK_THROWS_AS(read(bytes), DataError);
  CHECK_THROWS_WITH(read(bytes), message);
}

ParallelText filtered(const ParallelText& text, const PairFilter& filter, FilterCounts& counts) {
  TokenNumbers source, target;
  return filter_pairs(text, filter, WordTokenizer(), source, target, counts).lines;
}

}  // namespace

TEST_CASE("only LF ends a line", "[text]") {
  CHECK(read("a\nb\n").lines == Lines{"a", "b"});
  CHECK(read("a\n\nb").lines == Lines{"a", "", "b"});
  CHECK(read("a\u2028b\u0085c\vd\fe\n").lines == Lines{"a\u2028b\u0085c\vd\fe"});
  CHECK(read("a\rb\r").lines == Lines{"a\rb\r"});
  CHECK(read("").lines.empty());
  CHECK(read("\n").lines == Lines{""});
}

TEST_CASE("the CR of CRLF is dropped with one note", "[text]") {
  const Result result = read("a\r\nb\r\r\nc\n");
  CHECK(result.lines == Lines{"a", "b\r", "c"});
  REQUIRE(result.notes.size() == 1);
  CHECK_THAT(result.notes[0], Contains("text:1: lines end in CR LF"));
}

TEST_CASE("a byte order mark is dropped at the start alone, with a note", "[text]") {
  const Result result = read("\uFEFFa\n\uFEFFb\uFEFF\n");
  CHECK(result.lines == Lines{"a", "\uFEFFb\uFEFF"});
  REQUIRE(result.notes.size() == 1);
  CHECK_THAT(result.notes[0], Contains("byte order mark"));
  CHECK(read("a\n").notes.empty());
}

TEST_CASE("invalid UTF-8 is refused with file, line, byte and hexadecimal", "[text]") {
  check_refused("good\nab\xC0\x80\n"s, Contains("text:2: byte 2: invalid UTF-8 (C0 80): overlong"));
  check_refused("\xED\xA0\x80", Contains("text:1: byte 0: invalid UTF-8 (ED A0 80): surrogate"));
  check_refused("a\xF4\x90\x80\x80", Contains("byte 1: invalid UTF-8 (F4 90 80 80): above"));
  check_refused("a\n\nb\xE2\x82\nc", Contains("text:3: byte 1: invalid UTF-8 (E2 82)"));
  check_refused("a\nb\xE2\x82", Contains("text:2: byte 1: invalid UTF-8 (E2 82)"));
  check_refused("\x80", Contains("text:1: byte 0: invalid UTF-8 (80): lone continuation"));
  check_refused("a\nb\0c\n"s, Contains("text:2: byte 1: NUL byte"));
}

TEST_CASE("files of other kinds are recognised", "[text]") {
  check_refused("\xFF\xFE\x61\0\n\0"s, Contains("looks like UTF-16") && Contains("iconv"));
  check_refused("\xFE\xFF\0a"s, Contains("looks like UTF-16"));
  check_refused("\x1F\x8B\x08\0\0"s, Contains("text:1: looks compressed (gzip)"));
  check_refused("PK\x03\x04rest"s, Contains("looks compressed (zip)"));
  check_refused("%PDF-1.7\n", Contains("looks compressed (PDF)"));
  check_refused("\xFD\x37zXZ\0"s, Contains("looks compressed (xz)"));
  check_refused("\x28\xB5\x2F\xFDx"s, Contains("looks compressed (zstd)"));
  CHECK(read("PK is a text\n").lines.size() == 1);
}

TEST_CASE("a line that is too long is refused with its length and never kept", "[text]") {
  const auto limit = static_cast<std::size_t>(max_line_bytes);
  CHECK(read(std::string(limit, 'a') + "\n").lines[0].size() == limit);
  check_refused("x\n" + std::string(limit + 1, 'a') + "\n",
                Contains("text:2: line of 1048577 bytes (limit 1048576)"));
  check_refused("\x1F\x8B" + std::string(limit + 1, 'a'), Contains("looks compressed"));
}

TEST_CASE("behind a line that is no text the reader goes on", "[text]") {
  const auto limit = static_cast<std::size_t>(max_line_bytes);
  std::istringstream in("a\n\xFF\n" + std::string(limit + 9, 'a') + "\nb\n");
  LineReader reader(in, "text");
  std::string line;
  CHECK(reader.next(line));
  CHECK_THROWS_AS(reader.next(line), LineError);
  CHECK_THROWS_AS(reader.next(line), LineError);
  REQUIRE(reader.next(line));
  CHECK(line == "b");
  CHECK(reader.line_number() == 4);
  CHECK(!reader.next(line));
}

TEST_CASE("names of files are escaped in messages", "[text]") {
  std::istringstream in("\x80");
  LineReader reader(in, "a\nb\x1b[1m");
  std::string line;
  CHECK_THROWS_WITH(reader.next(line), Contains("a\\x0ab\\x1b[1m:1:"));
}

TEST_CASE("files that can't be read are IoErrors", "[text]") {
  const TemporaryFolder folder;
  Lines notes;
  CHECK_THROWS_AS(read_lines((folder / "absent"), notes), IoError);
  CHECK_THROWS_WITH(read_lines((folder / "absent"), notes),
                    Contains("absent: ") && Contains("No such file"));
  CHECK_THROWS_AS(read_lines(folder.path(), notes), IoError);
  CHECK_THROWS_WITH(read_lines(folder.path(), notes), Contains("folder"));
  CHECK_THROWS_AS(read_lines("/dev/zero", notes), IoError);
  CHECK_THROWS_WITH(read_lines("/dev/zero", notes), Contains("not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_lines((folder / "pipe"), notes), Contains("not a regular file"));
}

TEST_CASE("an empty file has 0 lines, a last line needs no LF", "[text]") {
  const TemporaryFolder folder;
  Lines notes;
  CHECK_THROWS_AS(read_lines(write(folder / "empty", ""), notes), DataError);
  CHECK_THROWS_WITH(read_lines((folder / "empty"), notes), Contains("empty: 0 lines"));
  CHECK(read_lines(write(folder / "text", "\uFEFFa\nb"), notes) == Lines{"a", "b"});
  CHECK(notes.size() == 1);
}

TEST_CASE("parallel files need equally many lines", "[text]") {
  const TemporaryFolder folder;
  Lines notes;
  const std::string source = write(folder / "t.src", "a\nb\nc\n");
  const ParallelText text = read_parallel_text(source, write(folder / "t.tgt", "A\nB\nC"), notes);
  CHECK(text.size() == 3);
  CHECK(text.target == Lines{"A", "B", "C"});
  const std::string shorter = write(folder / "s.tgt", "A\nB\n");
  CHECK_THROWS_AS(read_parallel_text(source, shorter, notes), DataError);
  CHECK_THROWS_WITH(read_parallel_text(source, shorter, notes),
                    Contains("t.src: 3 lines, but") && Contains("s.tgt has 2"));
}

TEST_CASE("pairs are filtered and every reason is counted", "[text]") {
  const ParallelText text{{"a b", "", "c", "d", "e e e e e", "f", "g g g"},
                          {"A", "B", " \u00a0", "D", "E", "F F F F", "G G"}};
  FilterCounts counts;
  const ParallelText kept = filtered(text, {.max_length = 4, .length_ratio = 3}, counts);
  CHECK(kept.source == Lines{"a b", "d", "g g g"});
  CHECK(kept.target == Lines{"A", "D", "G G"});
  CHECK(to_string(counts, {.max_length = 4, .length_ratio = 3}) ==
        "7 pairs read, 3 kept, 2 with a blank side, 1 longer than 4 tokens, 1 of a length ratio "
        "above 3");
  filtered(text, {}, counts);
  CHECK(to_string(counts, {}) == "7 pairs read, 5 kept, 2 with a blank side");
}

TEST_CASE("a text without a pair left is refused with all counts", "[text]") {
  const ParallelText text{{"a b c", ""}, {"A", "B"}};
  FilterCounts counts;
  CHECK_THROWS_AS(filtered(text, {.max_length = 2}, counts), DataError);
  CHECK_THROWS_WITH(filtered(text, {.max_length = 2}, counts),
                    Contains("no pair is left") && Contains("2 pairs read, 0 kept") &&
                        Contains("1 with a blank side") && Contains("1 longer than 2 tokens"));
}

TEST_CASE("the pairs kept have their tokens as numbers, from which the vocabulary is counted") {
  const ParallelText text{{"b a b", "", "x x x x x", "a"}, {"A", "B", "A", "C A"}};
  TokenNumbers source, target;
  FilterCounts counts;
  const NumberedText kept =
      filter_pairs(text, {.max_length = 4}, WordTokenizer(), source, target, counts);
  CHECK(kept.lines == ParallelText{{"b a b", "a"}, {"A", "C A"}});
  CHECK(kept.source == std::vector<std::vector<int32_t>>{{0, 1, 0}, {1}});
  CHECK(kept.target == std::vector<std::vector<int32_t>>{{0}, {1, 0}});
  CHECK(source.tokens() == Lines{"b", "a", "x"});
  CHECK(target.tokens() == Lines{"A", "C"});
  const Vocabulary vocabulary = Vocabulary::build(source.tokens(), {2, 2, 0});
  CHECK(vocabulary.encode(source.tokens()) == std::vector<int32_t>{5, 4, Vocabulary::unk});
}

TEST_CASE("validation text that is the training text earns a warning", "[text]") {
  const ParallelText train{{"a"}, {"A"}}, other{{"a"}, {"B"}};
  CHECK_THAT(identical_text_warning(train, train), Contains("is the training text"));
  CHECK(identical_text_warning(train, other).empty());
}
