// What strangers' texts may send to a terminal: nothing that it obeys.
#include <catch2/catch.hpp>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A right-to-left override and DEL (an escape code could not even stand in a vocabulary).
const std::string hostile = "x\xE2\x80\xAE\x7F";

/// Runs a command line of `heed` on a terminal of its own, and gives what that shows.
std::string on_terminal(const std::string& line) {
  return shell("script -qec '" HEED_COMMAND " " + line + "' /dev/null").out;
}

bool is_harmless(const std::string& shown) {
  return shown.find("\xE2\x80\xAE") == std::string::npos &&
         shown.find('\x7F') == std::string::npos && shown.find('\x1B') == std::string::npos &&
         shown.find("\xC2\x9B") == std::string::npos;
}

}  // namespace

TEST_CASE("control characters of a stranger's model reach no terminal") {
  const SmallTask task;
  task.train("m", {"--steps", "2"});
  const TemporaryFolder& folder = task.folder;
  const std::string d = folder / "d", m = folder / "m", in = folder / "in", p = folder / "p";
  const std::string config = file_text(m + "/config.json");
  const std::size_t place = config.find(d);
  REQUIRE(place != std::string::npos);
  write_text(m + "/config.json", config.substr(0, place) + hostile + "\xC2\x9B" + "2J" +
                                     config.substr(place + d.size()));
  CHECK_THAT(heed_command({"info", m}).out, Contains("x\\u202e\\u007f\\u009b2J"));
  const std::string info = on_terminal("info " + m);
  CHECK_THAT(info, Contains("x\\u202e\\u007f\\u009b2J") && Contains("\r\n"));
  CHECK(is_harmless(info));

  // The first word of the translation is one of the target's vocabulary, and it is hostile.
  const std::string word = "x\xE2\x80\xAE";
  const std::string vocabulary = file_text(m + "/target.vocab");
  const std::size_t fifth = vocabulary.find("</s>\n") + 5;
  write_text(m + "/target.vocab",
             vocabulary.substr(0, fifth) + word + vocabulary.substr(vocabulary.find('\n', fifth)));
  CHECK(shell("cd " + m + " && sum=$(sha256sum < target.vocab | cut -c1-64) && " +
              "sed -i \"/target_vocab_sha256/s/[0-9a-f]\\{64\\}/$sum/\" config.json")
            .status == 0);
  write_text(in, hostile + " a\n");
  write_text(p, word + "\n");
  CHECK_THAT(shell("heed translate " + m + " --prefix " + p + " < " + in).out, StartsWith(word));
  const std::string shown =
      on_terminal("translate " + m + " --prefix " + p + " --attention - --color never < " + in);
  CHECK_THAT(shown, Contains("x\\xe2\\x80\\xae"));
  CHECK(is_harmless(shown));
}

TEST_CASE("the colours of a drawing reach a terminal as they are") {
  const TemporaryFolder folder;
  const std::string shown = on_terminal(
      "study alignment --steps 1 --train 40 --test 40 --set hidden=8 --quiet "
      "--color always --out " +
      (folder / "s"));
  CHECK_THAT(shown, Contains("\x1B[48;") && !Contains("\\x1b"));
}
