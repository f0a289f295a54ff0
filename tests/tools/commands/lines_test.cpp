// What `heed translate` and `heed score` do with lines that are bad, long or late.
#include <catch2/catch.hpp>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

using Words = std::vector<std::string>;

/// Models trained for a few steps, made once: `m` is an RNNsearch, `t` a Transformer, `l` one with
/// 8 learned positions.
struct Fixture : SmallTask {
  Fixture() {
    train("m", {"--steps", "2"});
    train("t", {"--steps", "2", "--model", "transformer"});
    train("l", {"--steps", "2", "--model", "transformer", "--set", "positions=learned", "--set",
                "max_length=8"});
  }
};

const Fixture& fixture() {
  static const Fixture shared;
  return shared;
}

CommandResult translate(const std::string& model, const std::string& text,
                        const Words& flags = {}) {
  Words words = {"translate", fixture().folder / model, "--max-length", "4"};
  words.insert(words.end(), flags.begin(), flags.end());
  return heed_command(words, text);
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

}  // namespace

TEST_CASE(
    "a bad line costs one line: it is named, its translation is empty, the others are there") {
  const std::string good = repeated("a b c\n", 40);
  const CommandResult result =
      translate("m", good + "b \xc0\x80\n" + "a\n" + std::string("a\0b\n", 4) +
                         std::string((1 << 20) + 5, 'a') + "\na b c\n");
  INFO(result.err);
  CHECK(result.status == 3);
  const Words lines = lines_of(result.out);
  REQUIRE(lines.size() == 45);
  CHECK(!lines[0].empty());
  CHECK(lines[40].empty());
  CHECK(!lines[41].empty());
  CHECK(lines[42].empty());
  CHECK(lines[43].empty());
  CHECK(lines[44] == lines[0]);
  CHECK_THAT(result.err, Contains("error: standard input:41: byte 2: invalid UTF-8 (C0 80)"));
  CHECK_THAT(result.err, Contains("error: standard input:43: byte 1: NUL"));
  CHECK_THAT(result.err, Contains("error: standard input:44: line of 1048581 bytes"));
  CHECK_THAT(result.err, Contains("error: 3 bad lines in all"));
}

TEST_CASE("of many bad lines the first are named and all are counted") {
  const CommandResult result = translate("m", repeated("\xff\n", 1000));
  CHECK(result.status == 3);
  CHECK(result.out == std::string(1000, '\n'));
  CHECK(lines_of(result.err).size() < 30);
  CHECK_THAT(result.err, Contains("1000 bad lines in all"));
}

TEST_CASE("lines before a text that breaks off are translated") {
  const CommandResult result =
      shell("(echo a b; head -c 70000000 /dev/zero) | heed translate " + (fixture().folder / "m"));
  CHECK(result.status == 3);
  CHECK(lines_of(result.out).size() == 1);
  CHECK_THAT(result.err, Contains("standard input:2: line of more than"));
}

TEST_CASE("a bad line among lines with prefixes costs one line too") {
  const TemporaryFolder folder;
  write_text(folder / "p", "a\nb\nc\n");
  const CommandResult result = translate("m", "a\n\xff\nc\n", {"--prefix", folder / "p"});
  CHECK(result.status == 3);
  const Words lines = lines_of(result.out);
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], StartsWith("a"));
  CHECK(lines[1].empty());
  CHECK_THAT(lines[2], StartsWith("c"));
}

TEST_CASE("a line that is sent through a pipe is answered before the next one is sent") {
  const CommandResult result =
      shell("coproc heed translate " + (fixture().folder / "m") +
            " --max-length 3; for line in 'a b' c ''; do echo \"$line\" >&${COPROC[1]}; "
            "IFS= read -r -t 20 out <&${COPROC[0]} && echo \"$line: $out\" || exit 1; done; "
            "printf 'a b' >&${COPROC[1]}; eval \"exec ${COPROC[1]}>&-\"; "
            "IFS= read -r -t 20 out <&${COPROC[0]} && echo \"a b: $out\"");
  INFO(result.err);
  CHECK(result.status == 0);
  const Words lines = lines_of(result.out);
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], StartsWith("a b: "));
  CHECK(lines[2] == ": ");
  CHECK(lines[3] == lines[0]);
}

TEST_CASE("too-long says what becomes of a line beyond the model's positions") {
  const std::string text = "a b\na b c d e a b c\nb\n", place = "standard input:2: 9 tokens";
  const Words alone = lines_of(translate("l", "a b\na b c d e a b\nb\n").out);
  const auto with = [&](const std::string& policy) {
    return translate("l", text, {"--too-long", policy});
  };
  const CommandResult cut = with("cut"), skip = with("skip"), fail = with("fail");
  CHECK(lines_of(cut.out) == alone);
  CHECK(lines_of(skip.out) == Words{alone[0], "", alone[2]});
  CHECK(fail.out == skip.out);
  CHECK(translate("l", text).out == fail.out);
  CHECK(translate("l", text).status == 3);
  CHECK(cut.status == 0);
  CHECK(skip.status == 0);
  CHECK(fail.status == 3);
  CHECK_THAT(cut.err, StartsWith("heed: " + place) && Contains("8 positions; cut"));
  CHECK_THAT(skip.err, StartsWith("heed: " + place));
  CHECK_THAT(fail.err, StartsWith("heed: error: " + place));
  CHECK(translate("l", text, {"--too-long", "skip", "--quiet"}).err.empty());
  CHECK(with("crop").status == 2);
}

TEST_CASE("a line whose attention finds no room is refused by its number before it is read") {
  const std::string text = "a b\n" + repeated("a ", 100'000) + "\nb\n";
  const TemporaryFolder folder;
  const CommandResult long_line = translate("t", text);
  CHECK(long_line.status == 3);
  CHECK_THAT(long_line.err, Contains("standard input:2: 100001 tokens") && Contains("GiB"));
  const Words lines = lines_of(long_line.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].empty());
  CHECK(!lines[2].empty());
  // A recurrent model has weights of the target's words alone, and only when they are wanted.
  const CommandResult drawn = heed_command(
      {"translate", fixture().folder / "m", "--attention", folder / "a.json", "--beam", "1"}, text);
  CHECK(drawn.status == 3);
  CHECK_THAT(drawn.err, Contains("standard input:2: 100001 tokens") && Contains("GiB"));
  CHECK(lines_of(file_text(folder / "a.json")).size() == 3);
}

TEST_CASE("score has nan for a pair that is too long, and leaves it out of the perplexity") {
  const TemporaryFolder folder;
  const std::string src = folder / "src", ref = folder / "ref";
  const auto score = [&](const std::string& source, const std::string& reference) {
    write_text(src, source);
    write_text(ref, reference);
    return heed_command({"score", fixture().folder / "l", "--src", src, "--ref", ref});
  };
  const CommandResult good = score("a\nb\n", "b\na\n");
  const CommandResult bad = score("a\na b c d e a b c\nb\nb\n", "b\na\na\na a a a a a a a a\n");
  CHECK(good.status == 0);
  CHECK(bad.status == 3);
  const Words lines = lines_of(bad.out);
  REQUIRE(lines.size() == 4);
  CHECK(Words{lines[0], lines[2]} == lines_of(good.out));
  CHECK(lines[1] == "nan\t2");
  CHECK(lines[3] == "nan\t10");
  CHECK_THAT(bad.err, Contains("src:2: ") && Contains("src:4: ") && Contains("8 positions"));
  CHECK_THAT(bad.err, Contains(good.err.substr(good.err.find("perplexity"))));
}

TEST_CASE("words that the model does not know are counted on stderr") {
  const std::string text = "a zebra\nb\nzebra a\tb zebra\n";
  const CommandResult result = translate("m", text);
  CHECK(result.status == 0);
  CHECK(result.err ==
        "heed: 4 of 6 words are not in the source vocabulary (in 2 of 3 lines); the first is "
        "'zebra' in line 1\n");
  CHECK_THAT(translate("m", "b\na\tb\n").err, Contains("the first is 'a\\x09b' in line 2"));
  CHECK(translate("m", "a b\n").err.empty());
  CHECK(translate("m", text, {"--quiet"}).err.empty());
}
