#include <catch2/catch.hpp>

#include <set>
#include <sstream>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

using Words = std::vector<std::string>;

/// A model that was trained for a few steps, made once.
struct Fixture : SmallTask {
  Fixture() : text(file_text(folder / "d/test.src")) { train("m", {"--steps", "8"}); }
  std::string text;
};

const Fixture& fixture() {
  static const Fixture shared;
  return shared;
}

/// Runs `heed translate` of the model with these flags.
CommandResult translate(const Words& flags, const std::string& text) {
  Words words = {"translate", fixture().folder / "m"};
  words.insert(words.end(), flags.begin(), flags.end());
  return heed_command(words, text);
}

/// What it prints; it must succeed.
std::string translated(const Words& flags, const std::string& text) {
  const CommandResult result = translate(flags, text);
  INFO(result.err);
  CHECK(result.status == 0);
  return result.out;
}

}  // namespace

TEST_CASE("translate --sample draws by the seed, whatever the batch and the threads") {
  const Fixture& f = fixture();
  const Words flags{"--sample", "--seed", "3", "--max-length", "12"};
  const auto with = [&](Words more) {
    more.insert(more.begin(), flags.begin(), flags.end());
    return translated(more, f.text);
  };
  const std::string drawn = with({});
  CHECK(lines_of(drawn).size() == 13);
  CHECK(with({"--batch", "1"}) == drawn);
  CHECK(with({"--batch", "5", "--threads", "1"}) == drawn);
  CHECK(with({"--beam", "1"}) == drawn);
  CHECK(with({"--seed", "4"}) != drawn);
  CHECK(translated({"--max-length", "12"}, f.text) != drawn);
}

TEST_CASE("translate --sample --nbest gives draws ranked by score, more than the beam if asked") {
  const Words lines =
      lines_of(translated({"--sample", "--nbest", "7", "--max-length", "9"}, "a b c\n\nx\n"));
  REQUIRE(lines.size() == 15);
  CHECK_THAT(lines[6], StartsWith("0 ||| "));
  CHECK_THAT(lines[7], StartsWith("1 |||"));
  CHECK_THAT(lines[8], StartsWith("2 ||| "));
}

TEST_CASE("translate --top-k 1, a tiny --top-p and a tiny --temperature are greedy") {
  const std::string text = fixture().text;
  const std::string greedy = translated({"--beam", "1"}, text);
  CHECK(translated({"--sample", "--top-k", "1"}, text) == greedy);
  CHECK(translated({"--sample", "--top-p", "1e-9"}, text) == greedy);
  CHECK(translated({"--sample", "--temperature", "1e-9"}, text) == greedy);
}

TEST_CASE("translate --no-repeat-ngram 1 writes no word twice") {
  int64_t words = 0;
  for (const std::string& line :
       lines_of(translated({"--no-repeat-ngram", "1", "--min-length", "4"}, fixture().text))) {
    std::istringstream in(line);
    std::set<std::string> seen;
    for (std::string word; in >> word; ++words) CHECK(seen.insert(word).second);
  }
  CHECK(words >= 13 * 4);
}

TEST_CASE("translate --prefix says how the translation of each line starts") {
  TemporaryFolder folder;
  write_text(folder / "p", "a b\r\n\nc\nzebra\n");
  const std::string text = "a b c\nb\n\nd e\n";
  const CommandResult result = translate({"--prefix", folder / "p", "--batch", "1"}, text);
  CHECK(result.status == 0);
  CHECK_THAT(result.err, Contains("CR"));
  const Words lines = lines_of(result.out);
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0] + " ", StartsWith("a b "));
  CHECK(lines[1] == lines_of(translated({}, "b\n"))[0]);
  CHECK(lines[2].empty());
  CHECK_THAT(lines[3], StartsWith("<unk>"));
  CHECK(translated({"--prefix", folder / "p", "--quiet"}, text) == result.out);
}

TEST_CASE("prefixes that do not fit the text are refused") {
  TemporaryFolder folder;
  const std::string file = folder / "p";
  write_text(file, "a\nb c d\n");
  const Words flags{"--prefix", file};
  check_refused(translate(flags, "a\n"), 3, "has 2 lines, standard input 1;");
  check_refused(translate(flags, "a\nb\nc\n"), 3, "has 2 lines, standard input 3;");
  check_refused(translate({"--prefix", file, "--max-length", "2"}, "a\nb\n"), 3,
                "the prefix of line 2 has 3 tokens, the maximum length of its translation is 2");
  check_refused(translate({"--prefix", folder / "none"}, "a\n"), 4, "none");
  check_refused(translate({"--prefix", folder.path()}, "a\n"), 4, "folder");
  write_text(file, "");
  check_refused(translate(flags, "a\n"), 3, "0 lines");
  write_text(file, "\xc0\x80\n");
  check_refused(translate(flags, "a\n"), 3, "p:1: byte 0");
}

TEST_CASE("flags of search and sampling out of range are refused before the model is read") {
  struct Case {
    Words flags;
    std::string message;
  };
  const Case cases[] = {
      {{"--temperature", "2"}, "--temperature is for drawing words; give --sample too"},
      {{"--top-k", "2"}, "--top-k is for drawing words"},
      {{"--top-p", "0.5"}, "--top-p is for drawing words"},
      {{"--sample", "--temperature", "0"}, "--temperature: 0 is out of range"},
      {{"--sample", "--temperature", "-1"}, "--temperature: -1 is out of range"},
      {{"--sample", "--temperature", "nan"}, "--temperature: nan is out of range"},
      {{"--sample", "--temperature", "inf"}, "--temperature: inf is out of range"},
      {{"--sample", "--top-p", "0"}, "--top-p: 0 is out of range"},
      {{"--sample", "--top-p", "1.01"}, "--top-p: 1.01 is out of range"},
      {{"--sample", "--top-p", "-0.1"}, "--top-p: -0.1 is out of range"},
      {{"--sample", "--top-k", "0"}, "--top-k: 0 is out of range"},
      {{"--sample", "--top-k", "x"}, "--top-k: expects a whole number"},
      {{"--sample", "--seed", "-1"}, "--seed: -1 is out of range"},
      {{"--sample", "--nbest", "1001"}, "--nbest: 1001 is out of range"},
      {{"--sample=1"}, "--sample takes no value"},
      {{"--no-repeat-ngram", "0"}, "--no-repeat-ngram: 0 is out of range"},
      {{"--no-repeat-ngram", "two"}, "--no-repeat-ngram: expects a whole number"},
      {{"--prefix", ""}, "--prefix: the value is empty"},
      {{"--prefix"}, "--prefix needs a value"},
  };
  for (const Case& c : cases) {
    Words words = {"translate", "no-such-model"};
    words.insert(words.end(), c.flags.begin(), c.flags.end());
    check_refused(heed_command(words), 2, c.message);
  }
}

TEST_CASE(
    "translate --top-k above the vocabulary and a --min-length out of reach are configuration "
    "errors") {
  check_refused(translate({"--sample", "--top-k", "1000000"}, "a\n"), 2,
                "top_k 1000000 is more than the ");
  check_refused(translate({"--no-repeat-ngram", "1", "--min-length", "100"}, "a\n"), 2,
                "repeats an n-gram (no_repeat_ngram 1)");
}

TEST_CASE("translate --ensemble takes several models of one vocabulary") {
  const Fixture& f = fixture();
  const std::string m = f.folder / "m";
  CHECK(translated({"--ensemble", m, m}, f.text) == translated({}, f.text));
  TemporaryFolder folder;
  const std::string other = folder / "other";
  CHECK(shell("cp -r " + m + " " + other + " && sed -i '5s/.*/zebra/' " + other + "/target.vocab")
            .status == 0);
  check_refused(translate({"--ensemble", other}, f.text), 3,
                "is not the vocabulary that the model was trained with");
  CHECK(shell("cd " + other + " && sum=$(sha256sum < target.vocab | cut -c1-64) && " +
              "sed -i \"/target_vocab_sha256/s/[0-9a-f]\\{64\\}/$sum/\" config.json")
            .status == 0);
  check_refused(translate({"--ensemble", other}, f.text), 3,
                "the target vocabularies differ from token 4 on");
  check_refused(translate({"--ensemble", folder / "none"}, f.text), 4, "none");
}

TEST_CASE("translate --coverage-penalty changes what a translation scores, and knows its range") {
  // Two words can't look at all of a longer source.
  const Words nbest{"--nbest", "3", "--max-length", "2", "--coverage-penalty"};
  const auto with = [&](const std::string& beta) {
    Words flags = nbest;
    flags.push_back(beta);
    return translate(flags, fixture().text);
  };
  CHECK(with("0").out == translated({"--nbest", "3", "--max-length", "2"}, fixture().text));
  CHECK(with("0.5").status == 0);
  CHECK(with("0.5").out != with("0").out);
  check_refused(with("nan"), 2, "--coverage-penalty: nan is out of range");
  check_refused(with("-0.5"), 2, "--coverage-penalty: -0.5 is out of range");
}
