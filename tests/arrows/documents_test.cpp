// What the documents say of the tree.
#include <catch2/catch.hpp>

#include <cctype>
#include <cstring>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "drawing.hpp"
#include "tree.hpp"

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> tops = {"core",  "layers", "optim", "models",
                                       "tools", "tests",  "docs"};

/// The documents, sources and scripts of the tree.
std::vector<fs::path> texts() {
  static const std::set<std::string> endings = {".md", ".cpp", ".hpp", ".py",  ".cmake",
                                                ".in", ".sh",  ".js",  ".css", ".txt"};
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(root))
    if (entry.is_regular_file()) out.push_back(entry.path());
  for (const std::string& top : tops) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const fs::path& file = entry.path();
      if (!entry.is_regular_file() || file.string().find("/corpus/") != std::string::npos) continue;
      if (file.string().find("/course/wrong/") != std::string::npos) continue;
      if (endings.count(file.extension()) == 1 || !file.has_extension()) out.push_back(file);
    }
  }
  return out;
}

/// Folders of the tree down to the second level; tests have one more for each room.
std::set<std::string> folders_of_the_tree() {
  std::set<std::string> out;
  for (const std::string& top : tops) {
    out.insert(top);
    for (auto at = fs::recursive_directory_iterator(root / top); at != fs::end(at); ++at) {
      if (!at->is_directory()) continue;
      const fs::path path = at->path().lexically_relative(root);
      const bool of_tests = top == "tests";  // they mirror the others, or hold data of their own
      if (of_tests || path == "docs/course") at.disable_recursion_pending();
      const bool mirror = of_tests && fs::is_directory(root / path.filename());
      if (!mirror && path.filename() != "__pycache__") out.insert(path.string());
    }
  }
  return out;
}

bool is_of_path(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_./-", c);
}

/// The paths in `text` that start in a folder of the root; no patterns (`tools/*.py`).
std::vector<std::string> paths_in(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& top : tops) {
    const std::string start = top + "/";
    for (std::size_t at = text.find(start); at != std::string::npos;
         at = text.find(start, at + 1)) {
      if (at > 0 && (is_of_path(text[at - 1]) || text[at - 1] == '}')) continue;
      std::size_t end = at + start.size();
      while (end < text.size() && is_of_path(text[end])) ++end;
      if (end < text.size() && std::strchr("*<{$", text[end])) continue;
      while (text[end - 1] == '.' || text[end - 1] == '-') --end;
      out.push_back(text.substr(at, end - at));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the drawing has every folder of the tree and no other, each with its subject") {
  const std::set<std::string> there = folders_of_the_tree();
  std::set<std::string> drawn;
  for (const auto& [path, subject] : read_drawing().subjects) drawn.insert(path);
  for (const std::string& folder : there) {
    INFO(folder << " is not in the drawing of CONTRIBUTING.md");
    CHECK(drawn.count(folder) == 1);
  }
  for (const std::string& folder : drawn) {
    INFO(folder << " is in the drawing of CONTRIBUTING.md and not in the tree");
    CHECK(there.count(folder) == 1);
  }
}

TEST_CASE("tests stand in the folder of tests that is named as the folder they test") {
  int found = 0;
  for (const std::string top : {"core", "layers", "optim", "models", "tools"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / "tests" / top)) {
      const fs::path file = entry.path().lexically_relative(root / "tests");
      if (!file.string().ends_with("_test.cpp")) continue;
      INFO(file.string());
      CHECK(fs::is_directory(root / file.parent_path()));
      ++found;
    }
  }
  CHECK(found > 60);
}

TEST_CASE("every path of the tree that a document, comment or script names is there") {
  std::size_t found = 0;
  for (const fs::path& file : texts()) {
    for (const std::string& name : paths_in(text_of(file))) {
      INFO(file.string() + " names " + name);
      CHECK((fs::exists(root / name) || fs::exists(file.parent_path() / name)));
      ++found;
    }
  }
  CHECK(found > 100);
}

TEST_CASE("every file that a document, comment or script names without its folder is there") {
  static const std::regex name(
      "(^|[^\\w./*{}<>$+-])([a-z]\\w*\\.(?:cpp|hpp|py|js|css))(?![\\w.-])");
  std::set<std::string> there;
  for (const fs::path& file : texts()) there.insert(file.filename().string());
  int found = 0;
  for (const fs::path& file : texts()) {
    if (file.filename() == "CHANGELOG.md") continue;  // it may speak of what was
    const std::string text = text_of(file);
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
      INFO(file.string() + " names " + (*at)[2].str());
      CHECK(there.count((*at)[2]) == 1);
      ++found;
    }
  }
  CHECK(found > 100);
}

TEST_CASE("the guide's parts are those of its program") {
  const std::string guide = text_of(root / "docs/guide.md");
  const std::string program = text_of(root / "docs/examples/guide.cpp");
  const std::string fence = "\n```cpp\n";
  int parts = 0;
  for (std::size_t at = guide.find(fence); at != std::string::npos;
       at = guide.find(fence, at + 1)) {
    const std::size_t start = at + fence.size(), end = guide.find("```", start);
    const std::string part = guide.substr(start, end - start);
    if (part.find('{') == std::string::npos) continue;  // a remark's line or two
    INFO(part);
    CHECK(program.find(part) != std::string::npos);
    ++parts;
  }
  CHECK(parts >= 6);
}

namespace {

/// What a code host calls a heading in a link: "## Fewer passes" is fewer-passes.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char letter : heading) {
    const auto c = static_cast<unsigned char>(letter);
    if (std::isalnum(c) || letter == '-' || letter == '_' || c >= 0x80) {
      anchor += static_cast<char>(std::tolower(c));
    } else if (letter == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

/// The anchors of a document's headings.
std::set<std::string> anchors_of(const fs::path& file) {
  std::set<std::string> anchors;
  std::ifstream lines(file);
  bool code = false;
  for (std::string line; std::getline(lines, line);) {
    code ^= line.starts_with("```");
    const std::size_t level = line.find_first_not_of('#');
    if (code || level == 0 || level == std::string::npos || line[level] != ' ') continue;
    anchors.insert(anchor_of(line.substr(level + 1)));
  }
  return anchors;
}

}  // namespace

TEST_CASE("every link and picture of a document leads to a file, and to a heading that it has") {
  static const std::regex link("\\]\\(([^)#\\s]*)(?:#([^)]*))?\\)|(?:src|href)=\"([^\"#]+)\"");
  int found = 0;
  for (const fs::path& file : texts()) {
    if (file.extension() != ".md") continue;
    const std::string text = text_of(file);
    for (std::sregex_iterator at(text.begin(), text.end(), link), end; at != end; ++at) {
      const std::string name = (*at)[1].matched ? (*at)[1] : (*at)[3], anchor = (*at)[2];
      if (name.find("://") != std::string::npos) continue;
      INFO(file.string() + " links to " + name + "#" + anchor);
      const fs::path target = name.empty() ? file : file.parent_path() / name;
      CHECK(fs::exists(target));
      if (!anchor.empty() && target.extension() == ".md") CHECK(anchors_of(target).count(anchor));
      ++found;
    }
  }
  CHECK(found > 20);
}
