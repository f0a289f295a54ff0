// The arrows between the folders, and what headers may include.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = HEED_SOURCE_DIR;

/// A folder may include itself and these.
const std::map<std::string, std::set<std::string>> arrows = {
    {"core", {}},
    {"layers", {"core"}},
    {"optim", {"core"}},
    {"models", {"core", "layers", "optim"}},
    {"tools", {"core", "layers", "optim", "models"}},
};

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

/// The file that `#include <heed/...>` means; empty for headers of others.
fs::path heed_header(const std::string& name) {
  if (name.rfind("heed/", 0) != 0) return {};
  return name == "heed/heed.hpp" ? root / "models/heed.hpp" : root / name.substr(5);
}

/// The file of `root` that an include of `from` means; empty for headers of others.
fs::path resolved(const fs::path& from, const Include& include) {
  if (!include.quoted) return heed_header(include.name);
  const fs::path beside = (from.parent_path() / include.name).lexically_normal();
  return fs::exists(beside) ? beside : fs::path();
}

std::string folder_of(const fs::path& file) {
  return file.lexically_relative(root).begin()->string();
}

void reach(const fs::path& file, std::set<fs::path>& seen) {
  if (!seen.insert(file).second) return;
  for (const Include& include : includes(file))
    if (const fs::path target = resolved(file, include); !target.empty()) reach(target, seen);
}

}  // namespace

TEST_CASE("a folder includes only what the arrows allow") {
  for (const auto& [folder, allowed] : arrows)
    for (const fs::path& file : sources(folder))
      for (const Include& include : includes(file)) {
        const fs::path target = resolved(file, include);
        if (target.empty()) continue;
        INFO(file.string() + " includes " + include.name);
        CHECK(fs::exists(target));
        CHECK((folder_of(target) == folder || allowed.count(folder_of(target)) == 1));
      }
}

TEST_CASE("every header is found by the name that users write") {
  for (const auto& [folder, allowed] : arrows)
    for (const fs::path& file : sources(folder))
      for (const Include& include : includes(file)) {
        INFO(file.string() + " includes " + include.name);
        CHECK_FALSE((!include.quoted && fs::exists(file.parent_path() / include.name)));
      }
}

TEST_CASE("no installed header includes BLAS, JSON, OpenMP or intrinsics") {
  const std::vector<std::string> foreign = {"cblas", "openblas", "nlohmann",
                                            "omp.h", "intrin.h", "CLI/"};
  for (const std::string folder : {"core", "layers", "optim", "models"})
    for (const fs::path& file : sources(folder))
      for (const Include& include : includes(file)) {
        if (file.extension() != ".hpp") continue;
        INFO(file.string() + " includes " + include.name);
        for (const std::string& name : foreign) CHECK(include.name.find(name) == std::string::npos);
      }
}

TEST_CASE("every cblas call is in one file") {
  for (const auto& [folder, allowed] : arrows)
    for (const fs::path& file : sources(folder))
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
  reach(root / "models/heed.hpp", headers);
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
