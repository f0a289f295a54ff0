// How large a folder, a source and a function may be.
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "functions.hpp"
#include "tree.hpp"

namespace fs = std::filesystem;

namespace {

/// The sources in C++ and Python; a folder that is built in holds others.
std::vector<fs::path> sources() {
  std::vector<fs::path> out{root / "heed.hpp"};
  for (const std::string top :
       {"core", "layers", "optim", "models", "tools", "tests", "docs/examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto ending = entry.path().extension();
      if (ending == ".hpp" || ending == ".cpp" || ending == ".py") out.push_back(entry.path());
    }
  }
  return out;
}

std::size_t columns_of(const std::string& line) {
  std::size_t out = 0;  // code points
  for (const char byte : line) out += (byte & 0xC0) != 0x80;
  return out;
}

/// The functions of a source that have more than 40 lines, each as a sentence.
std::string long_functions(const std::string& name, const std::string& source) {
  std::ostringstream out;
  for (const Function& function : functions_of(source))
    if (function.lines > 40)
      out << name << ":" << function.line << ": " << function.lines
          << " lines, not at most 40: " << function.head << "\n";
  return out.str();
}

/// `head` and what it opens: `lines` lines from one brace to the other.
std::string block(std::size_t lines, const std::string& head, const std::string& inside) {
  std::string out = head + " {\n";
  for (std::size_t i = 2; i < lines; ++i) out += inside + "\n";
  return out + "}\n";
}

}  // namespace

TEST_CASE("a room of models and tools has at most 20 files") {
  for (const std::string folder : {"models", "tools"}) {
    std::map<fs::path, int> files;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder))
      if (entry.is_regular_file()) ++files[entry.path().parent_path()];
    CHECK(files.size() > 6);
    for (const auto& [room, count] : files) {
      INFO(room.string());
      CHECK(count <= 20);
    }
  }
}

TEST_CASE("no source of the tree has more than 400 lines") {
  std::map<std::string, int> endings;
  for (const fs::path& file : sources()) {
    const std::string text = text_of(file);
    INFO(file.string());
    CHECK(std::count(text.begin(), text.end(), '\n') <= 400);
    ++endings[file.extension()];
  }
  CHECK(endings[".cpp"] > 200);
  CHECK(endings[".hpp"] > 100);
  CHECK(endings[".py"] > 10);
}

TEST_CASE("no line of C++ outside of the tests has more than 100 columns") {
  for (const fs::path& file : sources()) {
    const std::string name = file.lexically_relative(root).string();
    if (name.starts_with("tests/") || file.extension() == ".py") continue;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
      INFO(name + ": " + line);
      if (columns_of(line) > 100) CHECK(columns_of(line) <= 100);
    }
  }
}

TEST_CASE("no function of the tree has more than 40 lines") {
  std::size_t functions = 0;
  for (const fs::path& file : sources()) {
    if (file.extension() == ".py") continue;
    const std::string source = text_of(file), name = file.lexically_relative(root).string();
    INFO(name);
    CHECK(long_functions(name, source) == "");
    functions += functions_of(source).size();
  }
  CHECK(functions > 3000);
}

TEST_CASE("a function of 41 lines is found, one of 40 is not") {
  for (const std::string head :
       {"void run(int x)", "X::X(std::vector<int> y) : x_(1), y_{std::move(y)}", "TEST_CASE(\"{\")",
        "template <class T>\nT run(const T& x) const noexcept", "const auto run = [](int x)"}) {
    // The declaration's own lines count.
    const std::size_t more = head.find('\n') == std::string::npos ? 0 : 1;
    const std::string enough = block(40 - more, head, "do { run({1}); } while (x);");
    const std::string many = block(41 - more, head, "if (x) { y(); }");
    INFO(head);
    CHECK(long_functions("file", enough) == "");
    CHECK(long_functions("file", many).starts_with("file:1: 41 lines, not at most 40: "));
    const std::string inside = "namespace {\nstruct A : B {\n public:\n" + many + "};\n}\n";
    CHECK(long_functions("file", enough + enough + inside).starts_with("file:"));
    CHECK(functions_of(enough + enough + inside).size() == 3);
  }
}

TEST_CASE("a table, a type or a namespace of many lines is no function") {
  for (const std::string head :
       {"const std::vector<std::function<int(int)>> rows =", "const Row rows[] =", "namespace heed",
        "class Long final : public Short", "enum class Kind", "extern \"C\""}) {
    INFO(head);
    CHECK(functions_of(block(99, head, "{1, 2},") + ";\n").empty());
  }
}

TEST_CASE("braces in comments, texts and macros open nothing") {
  const std::string source =
      "// {\n/* { */\n#define OPEN \\\n  {\nvoid f() {\n  g('{', '\\'', \"{\\\"\", 1'000);\n}\n"
      "void g() {\n  R\"x({)\")x\";\n}\n";
  const std::vector<Function> found = functions_of(source);
  REQUIRE(found.size() == 2);
  CHECK(found[0].line == 5);
  CHECK(found[1].line == 8);
  CHECK(found[1].lines == 3);
  CHECK(found[1].head == "void g()");
  CHECK_THROWS_WITH(functions_of("void f() {"), Catch::Contains("does not close"));
  CHECK_THROWS_WITH(functions_of("}"), Catch::Contains("did not open"));
}
