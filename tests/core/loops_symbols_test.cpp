#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace {

/// What a command prints; "" if it can't be run.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return text;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  return pclose(pipe) == 0 ? text : std::string();
}

struct Symbol {
  char kind;
  std::string name;
};

/// The symbols that an object file defines for the linker, as `nm` prints them.
std::vector<Symbol> global_symbols(const std::string& object) {
  std::vector<Symbol> symbols;
  std::istringstream lines(output_of("nm --extern-only --defined-only '" + object + "'"));
  std::string address;
  for (Symbol symbol; lines >> address >> symbol.kind >> symbol.name;) {
    const bool of_sanitizer = symbol.name.find("_asan") != std::string::npos;
    if (!of_sanitizer) symbols.push_back(symbol);
  }
  return symbols;
}

bool is_table(const Symbol& symbol) {
  for (const char* isa : {"_baseline", "_avx2", "_avx512"}) {
    if (symbol.name.find(isa) != std::string::npos) return symbol.kind == 'R' || symbol.kind == 'D';
  }
  return false;
}

}  // namespace

TEST_CASE("the loops built for one instruction set define their tables and nothing else") {
  // A weak symbol (an inline function, a template) compiled for AVX-512 might be the copy that the
  // linker keeps for the whole program.
  std::istringstream objects(HEED_LOOP_OBJECTS);
  std::string object;
  int count = 0;
  for (; std::getline(objects, object, '|'); ++count) {
    const std::vector<Symbol> symbols = global_symbols(object);
    INFO(object);
    CHECK_FALSE(symbols.empty());
    for (const Symbol& symbol : symbols) {
      INFO(symbol.kind << " " << symbol.name);
      CHECK(is_table(symbol));
    }
  }
  CHECK(count > 0);
}
