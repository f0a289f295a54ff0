#include "../../../tools/terminal/text_table.hpp"

#include <catch2/catch.hpp>

using namespace heed::tools;

TEST_CASE("tables align their columns by what is seen") {
  CHECK(text_table({{"a", "bb"}, {"é", "–"}, {}, {"long"}}) == "a     bb\né      –\n\nlong\n");
}

TEST_CASE("times are shown in seconds, minutes and hours") {
  CHECK(clock_time(6.2) == "0:07");
  CHECK(clock_time(754) == "12:34");
  CHECK(clock_time(3723) == "1:02:03");
}
