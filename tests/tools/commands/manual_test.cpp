#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;

namespace {

using Words = std::vector<std::string>;

/// What the command prints; it must succeed.
std::string output_of(const Words& arguments) {
  const CommandResult result = heed_command(arguments);
  INFO(result.err);
  CHECK(result.status == 0);
  return result.out;
}

/// The words at the start of the lines of `text` that start with `start`.
Words first_words(const std::string& text, const std::string& start) {
  Words words;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.compare(0, start.size(), start) != 0) continue;
    std::istringstream in(line);
    words.emplace_back();
    in >> words.back();
  }
  return words;
}

/// The verbs that the help lists.
Words verbs() {
  const std::string help = output_of({"--help"});
  Words words = first_words(help.substr(0, help.find("\nExamples")), "  ");
  CHECK(words.size() > 6);
  return words;
}

/// What bash offers for the last of these words, one a line.
std::string offered(const std::string& words) {
  const CommandResult result =
      shell("source <(heed completion bash); set -u; COMP_WORDS=(" + words +
            "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _heed; printf '%s\\n' \"${COMPREPLY[@]}\"");
  CHECK(result.err.empty());
  return result.out;
}

bool has_program(const std::string& name) { return shell("command -v " + name).status == 0; }

/// All that `pattern` finds in `text`: its first group.
std::set<std::string> found(const std::string& text, const char* pattern) {
  std::set<std::string> out;
  const std::regex regex(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    out.insert((*at)[1]);
  return out;
}

/// README.md and its like, and the chapters of docs.
std::string documents() {
  std::string text;
  for (const char* folder : {"", "docs", "docs/examples"}) {
    const std::filesystem::path path = std::filesystem::path(HEED_SOURCE_DIR) / folder;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".md") text += '\n' + file_text(entry.path());
  }
  return text;
}

}  // namespace

TEST_CASE("the documents name no verb and no flag that is not there") {
  const std::string text = documents();
  std::string helps = "--build --install --target --benchmark\n";  // of cmake, Google Benchmark
  for (const std::string& verb : verbs()) helps += output_of({verb, "--help"});
  for (const char* script : {"demo", "test"})
    helps += shell(HEED_SOURCE_DIR "/tools/" + std::string(script) + " --help").out;
  for (const char* script : {"parity", "compare"})
    helps += file_text(HEED_SOURCE_DIR "/tools/" + std::string(script) + ".py");
  const char* flag = "(?:^|[^a-z-])(--[a-z][a-z-]*)";
  const std::set<std::string> known = found(helps, flag), named = found(text, flag);
  CHECK(named.size() > 30);
  for (const std::string& name : named) {
    INFO(name);
    CHECK(known.count(name) == 1);
  }
  const Words all = verbs();
  const std::set<std::string> called = found(text, "(?:`|[$|] )heed ([a-z]+)[` ]");
  CHECK(called.size() > 6);
  for (const std::string& verb : called) {
    INFO(verb);
    CHECK(std::count(all.begin(), all.end(), verb) == 1);
  }
}

TEST_CASE("the manual page names every verb and flag of the help") {
  const std::string page = output_of({"man"});
  CHECK(std::all_of(page.begin(), page.end(),
                    [](char c) { return c == '\n' || (c > 31 && c < 127); }));
  std::string unescaped = page;
  for (std::size_t at; (at = unescaped.find("\\-")) != std::string::npos;) unescaped.erase(at, 1);
  for (const std::string& verb : verbs()) {
    CHECK_THAT(unescaped, Contains(".SS heed " + verb + ' '));
    for (const std::string& flag : first_words(output_of({verb, "--help"}), "  --")) {
      INFO(verb);
      CHECK_THAT(unescaped, Contains("\\fB" + flag + "\\fR"));
    }
  }
  for (const char* section : {"NAME", "SYNOPSIS", "DESCRIPTION", "VERBS", "EXIT STATUS", "FILES",
                              "ENVIRONMENT", "EXAMPLES"}) {
    CHECK_THAT(page, Contains(std::string("\n.SH ") + section + '\n'));
  }
}

TEST_CASE("groff finds nothing to warn of in the manual page") {
  if (!has_program("groff")) return;
  const CommandResult result = shell("heed man | groff -man -ww -Tutf8 -P-cbou");
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  CHECK_THAT(result.out, Contains("length^A") && Contains("the task's") && Contains("--beam"));
}

TEST_CASE("bash completes verbs, and the flags of each") {
  for (const std::string& verb : verbs()) {
    CHECK_THAT(offered("heed ''"), Contains(verb + '\n'));
    CHECK_THAT(offered("heed help ''"), Contains(verb + '\n'));
    const std::string flags = offered("heed " + verb + " --");
    for (const std::string& flag : first_words(output_of({verb, "--help"}), "  --")) {
      CHECK_THAT('\n' + flags, Contains('\n' + flag + '\n'));
    }
  }
  CHECK(offered("heed tra") == "train\ntranslate\n");
  CHECK(offered("heed translate m --le") == "--length-penalty\n");
  CHECK(offered("heed train --beam") == "\n");
}

TEST_CASE("bash completes values: fixed ones, files, nothing for a number") {
  CHECK(offered("heed translate m --color al") == "always\n");
  CHECK(offered("heed translate m --color = n") == "never\n");
  CHECK(offered("heed translate m --color =") == "auto\nalways\nnever\n");
  CHECK_THAT(offered("heed train --preset ''"), Contains("phrases\n") && Contains("toy\n"));
  CHECK_THAT(offered("heed train --model t"), Contains("transformer\n"));
  CHECK_THAT(offered("heed data re"), Contains("reverse\n"));
  CHECK(offered("heed completion b") == "bash\n");
  CHECK(offered("heed bench rnn") == "rnn_small\nrnn_big\n");
  CHECK(offered("heed bench adam au") == "autograd\n");
  CHECK(offered("heed bench --profile a") == "attention\n");
  CHECK(offered("heed translate --beam ''") == "\n");
  TemporaryFolder folder;
  write_text(folder / "text", "");
  CHECK(offered("heed translate " + (folder / "te")) == (folder / "text") + '\n');
  CHECK(offered("heed translate m --prefix " + (folder / "te")) == (folder / "text") + '\n');
}

TEST_CASE("zsh and fish can read what is made for them") {
  for (const std::string name : {"zsh", "fish"}) {
    const std::string made = output_of({"completion", name});
    for (const std::string& verb : verbs()) CHECK_THAT(made, Contains(verb));
    CHECK_THAT(made, Contains("length-penalty"));
    if (has_program(name))
      CHECK(shell("heed completion " + name + " | " + name + " -n").status == 0);
  }
  const CommandResult result = heed_command({"completion", "csh"});
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Contains("'csh' is not one of bash, zsh, fish"));
}
