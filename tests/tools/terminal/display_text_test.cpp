#include "../../../tools/terminal/display_text.hpp"

#include <catch2/catch.hpp>

using namespace heed::tools;

TEST_CASE("the width of a text counts wide characters twice and marks not at all") {
  CHECK(display_width("chat") == 4);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("👩‍👩‍👧") == 2);
  CHECK(shortened("dictionnaire", 5) == "dict…");
  CHECK(shortened("日本語", 4) == "日…");
  CHECK(shortened("chat", 4) == "chat");
  CHECK(visible(" ") == "␣");
}
