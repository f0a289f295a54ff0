// The arrows between the folders, and what headers may include.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "drawing.hpp"
#include "tree.hpp"

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> folders = {"core", "layers", "optim", "models", "tools", "tests"};

struct Include {
  std::string name;
  bool quoted;
};

std::vector<Include> read_includes(const fs::path& file) {
  std::vector<Include> out;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("#include ", 0) != 0) continue;
    const std::size_t open = line.find_first_of("<\""), close = line.find_last_of(">\"");
    if (open == std::string::npos) continue;  // the name of a macro
    out.push_back({line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return out;
}

const std::vector<Include>& includes(const fs::path& file) {
  static std::map<fs::path, std::vector<Include>> known;
  const auto found = known.find(file);
  return found != known.end() ? found->second : known[file] = read_includes(file);
}

std::vector<fs::path> sources(const std::string& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
    const auto ending = entry.path().extension();
    if (ending == ".hpp" || ending == ".cpp") out.push_back(entry.path());
  }
  return out;
}

/// The headers, and folders of them, that stay at home.
std::set<std::string> not_installed() {
  const std::string install = text_of(root / "tools/cmake/HeedInstall.cmake");
  const std::size_t begin = install.find("set(internal "), end = install.find(')', begin);
  REQUIRE(end < install.size());
  std::istringstream words(install.substr(begin, end - begin));
  return {std::istream_iterator<std::string>(words), {}};
}

bool is_installed(const fs::path& header) {
  static const std::set<std::string> internal = not_installed();
  const fs::path path = header.lexically_relative(root);
  return internal.count(path.string()) + internal.count(path.parent_path().string()) == 0;
}

/// Sources that include each other by relative paths; consumers write <heed/...>.
std::vector<fs::path> sources_of_the_tree() {
  std::vector<fs::path> out{root / "heed.hpp"};
  for (const std::string& folder : folders) {
    for (const fs::path& file : sources(folder)) {
      // Programs of users and learners include as those do.
      const std::string name = file.string();
      const bool of_a_user = name.find("/tests/consumer/") != std::string::npos ||
                             name.find("/tests/course/solutions/") != std::string::npos ||
                             name.find("/tests/course/other/") != std::string::npos;
      if (!of_a_user) out.push_back(file);
    }
  }
  return out;
}

/// The file of the tree that an include of `from` means; empty for headers of others.
fs::path resolved(const fs::path& from, const Include& include) {
  return include.quoted ? (from.parent_path() / include.name).lexically_normal() : fs::path();
}

std::string from_root(const fs::path& file) { return file.lexically_relative(root).string(); }

void reach(const fs::path& file, std::set<fs::path>& seen) {
  if (!seen.insert(file).second) return;
  for (const Include& include : includes(file))
    if (const fs::path target = resolved(file, include); !target.empty()) reach(target, seen);
}

}  // namespace

TEST_CASE("the tree resolves as it lies: every include of heed's own is a path to the file") {
  for (const fs::path& file : sources_of_the_tree()) {
    for (const Include& include : includes(file)) {
      INFO(file.string() + " includes " + include.name);
      CHECK(include.name.rfind("heed/", 0) != 0);
      if (include.quoted) CHECK(fs::exists(resolved(file, include)));
    }
  }
}

TEST_CASE("headers of the system and headers of heed stand in blocks of their own") {
  for (const fs::path& file : sources_of_the_tree()) {
    std::ifstream stream(file);
    const std::string include = "#include ";
    std::string last;
    for (std::string line; std::getline(stream, line); last = line) {
      if (!line.starts_with(include) || !last.starts_with(include)) continue;
      INFO(file.string() + ": " + line);
      CHECK(line[include.size()] == last[include.size()]);
    }
  }
}

TEST_CASE("a source includes its own header first") {
  for (const fs::path& file : sources_of_the_tree()) {
    const fs::path own = fs::path(file).replace_extension(".hpp");
    if (file.extension() != ".cpp" || !fs::exists(own)) continue;
    INFO(file.string());
    REQUIRE_FALSE(includes(file).empty());
    CHECK(resolved(file, includes(file)[0]) == own);
  }
}

TEST_CASE("a room includes only what the arrows of the drawing lead to") {
  const Drawing drawing = read_drawing();
  for (const std::string folder : {"core", "layers", "optim", "models", "tools"}) {
    for (const fs::path& file : sources(folder)) {
      const std::string room = drawing.room_of(from_root(file));
      const std::set<std::string> allowed = drawing.reached(room);
      for (const Include& include : includes(file)) {
        const fs::path target = resolved(file, include);
        if (target.empty()) continue;
        const std::string other = drawing.room_of(from_root(target));
        INFO(file.string() + " includes " + include.name);
        CHECK((other == room || allowed.count(other) == 1));
      }
    }
  }
}

TEST_CASE("the arrows of the drawing lead no way back") {
  const Drawing drawing = read_drawing();
  CHECK(drawing.arrows.size() > 15);
  for (const auto& [room, to] : drawing.arrows) {
    INFO(room);
    CHECK(drawing.reached(room).count(room) == 0);
  }
}

TEST_CASE("what the table at the head of the Transformer names is in the files that it names") {
  const fs::path paper = root / "models/transformer.cpp";
  const std::string code = text_of(paper).substr(text_of(paper).find("#include"));
  std::istringstream table(text_of(paper));
  // A row: `//`, the paper's place, functions apart by `;`, and a file for the last of them.
  const std::regex row("//   .{28} (.*?)(?:  +(\\S+/\\S+))?"), name("(?:\\w+::)?(~?\\w+)[^;]*");
  int rows = 0;
  for (std::string line; std::getline(table, line) && line.rfind("// Where", 0) != 0;) {
    std::smatch cells;
    if (line.rfind("//   ", 0) != 0 || !std::regex_match(line, cells, row)) continue;
    INFO(line);
    if (++rows == 1) continue;  // the heading
    const std::string functions = cells[1], file = cells[2];
    if (!file.empty()) REQUIRE(fs::exists(root / file));
    const std::sregex_iterator end;
    for (std::sregex_iterator i(functions.begin(), functions.end(), name); i != end; ++i) {
      const bool last = std::next(i) == end && !file.empty();
      CHECK((last ? text_of(root / file) : code).find((*i)[1]) != std::string::npos);
    }
  }
  CHECK(rows > 15);
}

TEST_CASE("no installed header includes BLAS, JSON or intrinsics") {
  const std::vector<std::string> foreign = {"cblas", "openblas", "nlohmann", "intrin.h", "CLI/"};
  for (const std::string folder : {"core", "layers", "optim", "models"})
    for (const fs::path& file : sources(folder))
      for (const Include& include : includes(file)) {
        if (file.extension() != ".hpp" || !is_installed(file)) continue;
        INFO(file.string() + " includes " + include.name);
        for (const std::string& name : foreign) CHECK(include.name.find(name) == std::string::npos);
      }
}

TEST_CASE("a header that says it is not for users is not installed") {
  const std::regex next_line("\\s*\n\\s*///?"), said("[Ff]or (their )?sources|not for users");
  int headers = 0;
  for (const std::string folder : {"core", "layers", "optim", "models"})
    for (const fs::path& file : sources(folder)) {
      if (file.extension() != ".hpp") continue;
      if (!std::regex_search(std::regex_replace(text_of(file), next_line, ""), said)) continue;
      INFO(file.string());
      ++headers;
      CHECK_FALSE(is_installed(file));
    }
  CHECK(headers > 5);
}

TEST_CASE("every cblas call is in one file") {
  for (const fs::path& file : sources_of_the_tree())
    for (const Include& include : includes(file))
      if (include.name.find("cblas") != std::string::npos) {
        INFO(file.string());
        CHECK(file == root / "core/blas.cpp");
      }
}

TEST_CASE("the headers behind heed.hpp are lean") {
  const std::set<std::string> heavy = {"algorithm", "filesystem", "functional",    "iostream",
                                       "map",       "random",     "regex",         "sstream",
                                       "thread",    "fstream",    "unordered_map", "ranges"};
  std::set<fs::path> headers;
  reach(root / "heed.hpp", headers);
  CHECK(headers.size() > 20);
  for (const fs::path& file : headers)
    for (const Include& include : includes(file)) {
      INFO(file.string() + " includes " + include.name);
      CHECK(heavy.count(include.name) == 0);
    }
}

// ctest would split the name, find no such test, and count that as passed.
TEST_CASE("no name of a test holds a character that ctest or Catch reads as its own") {
  std::size_t names = 0;
  for (const fs::path& file : sources("tests")) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
      const std::string start = "TEST_CASE(\"";
      if (line.rfind(start, 0) != 0) continue;
      const std::string name =
          line.substr(start.size(), line.find('"', start.size()) - start.size());
      INFO(file.string() + ": " + name);
      CHECK(name.find_first_of(";*[]\\~") == std::string::npos);
      CHECK_FALSE(name.starts_with('-'));
      ++names;
    }
  }
  CHECK(names > 100);
}
