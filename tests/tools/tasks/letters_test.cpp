#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "../../../models/text/tokenizer.hpp"
#include "../../../tools/tasks/tasks.hpp"

using namespace heed;
using namespace heed::tools;
using Words = std::vector<std::string>;

namespace {

Words words_of(const std::string& line) { return WordTokenizer().split(line); }

}  // namespace

TEST_CASE("reverse is the source from its end", "[tasks][reverse]") {
  for (const Pair& pair : make_task("reverse", {.train = 211, .valid = 0, .test = 0}).train) {
    Words source = words_of(pair.source);
    const Words target = words_of(pair.target);
    REQUIRE(pair.alignment.size() == source.size());
    for (const auto& [i, j] : pair.alignment) {
      CHECK(source[static_cast<std::size_t>(i)] == target[static_cast<std::size_t>(j)]);
      CHECK(i + j == static_cast<int>(source.size()) - 1);
    }
    std::reverse(source.begin(), source.end());
    CHECK(source == target);
  }
}

TEST_CASE("copy is the source as it is, word by word", "[tasks][copy]") {
  for (const Pair& pair : make_task("copy", {.train = 211, .valid = 0, .test = 0}).train) {
    CHECK(pair.source == pair.target);
    REQUIRE(pair.alignment.size() == words_of(pair.source).size());
    for (int i = 0; i < static_cast<int>(pair.alignment.size()); ++i) {
      CHECK(pair.alignment[static_cast<std::size_t>(i)] == std::pair<int64_t, int64_t>(i, i));
    }
  }
}

TEST_CASE("sort is the alphabet's order, and equal letters keep theirs", "[tasks][sort]") {
  for (const Pair& pair : make_task("sort", {.train = 211, .valid = 0, .test = 0}).train) {
    INFO(pair.source << " | " << pair.target << " | " << pharaoh(pair.alignment));
    Words source = words_of(pair.source);
    const Words target = words_of(pair.target);
    REQUIRE(pair.alignment.size() == source.size());
    std::map<std::string, int64_t> last;
    for (const auto& [i, j] : pair.alignment) {
      const std::string& letter = source[static_cast<std::size_t>(i)];
      CHECK(letter == target[static_cast<std::size_t>(j)]);
      const auto [before, first] = last.emplace(letter, i);
      CHECK((first || before->second < i));
      before->second = i;
    }
    std::sort(source.begin(), source.end());
    CHECK(source == target);
  }
}
