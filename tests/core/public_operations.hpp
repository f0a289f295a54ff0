#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace heed::test {

/// The names of the operations that the public headers of core/ declare.
inline std::set<std::string> public_operations() {
  std::set<std::string> names;
  const std::regex declaration(R"(^(std::vector<Tensor>|Tensor|TopK|Sorted) ([a-z_0-9]+)\()");
  for (const char* header : {"elementwise", "reductions", "softmax", "losses", "products", "einsum",
                             "views", "indexing", "dropout"}) {
    std::ifstream file(std::string(HEED_SOURCE_DIR "/core/") + header + ".hpp");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, declaration)) names.insert(match[2]);
    }
  }
  CHECK(names.size() > 50);
  return names;
}

}  // namespace heed::test
