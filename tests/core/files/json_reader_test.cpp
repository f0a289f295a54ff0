#include <catch2/catch.hpp>
#include <limits>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/files/json_reader.hpp"
#include "../../../core/files/json_writer.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

Json config(const std::string& text) { return Json::parse(text, "c.json", JsonFault::config); }

std::string message_of(const std::string& text) {
  try {
    config(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Values of every kind are read, with fallbacks for absent keys") {
  const Json json = config(
      R"({"heads": 8, "rate": 1e-3, "whole": 2, "tie": true, "cell": "gru\u00e9", "list": [1, 2],
          "training": {"steps": 100}})");
  CHECK(json.integer("heads", 4, 1, 64) == 8);
  CHECK(json.integer("absent", 4, 1, 64) == 4);
  CHECK(json.required_integer("heads", 1, 8) == 8);
  CHECK(json.number("rate", 1, 0, 1) == 1e-3);
  CHECK(json.number("whole", 1, 0, 3) == 2);
  CHECK(json.fraction("rate", 0.5) == 1e-3);
  CHECK(json.flag("tie", false));
  CHECK_FALSE(json.flag("absent", false));
  CHECK(json.text("cell", "") == "gru\xc3\xa9");
  CHECK(json.array("list").size() == 2);
  CHECK(json.array("list")[1].as_integer(0, 9) == 2);
  CHECK(json.array("absent").empty());
  CHECK(json.object("training").integer("steps", 0, 0, INT64_MAX) == 100);
  CHECK(json.object("absent").integer("steps", 7, 0, INT64_MAX) == 7);
  CHECK(json.has("tie"));
  CHECK(json.keys().size() == 7);
}

TEST_CASE("A wrong type says key path, what is expected, what stands there, and where") {
  const Json json =
      config("{\n  \"training\": {\"layers\": \"six\", \"rate\": 2.5, \"list\": [1, true]}\n}");
  const Json& training = json.object("training");
  CHECK_THROWS_WITH(training.integer("layers", 1, 1, 9),
                    "c.json:2:26: training.layers: expects an integer, got \"six\"");
  CHECK_THROWS_WITH(training.integer("rate", 1, 1, 9),
                    "c.json:2:41: training.rate: expects an integer, got 2.5");
  CHECK_THROWS_WITH(training.text("rate", ""),
                    Contains("training.rate: expects a string, got 2.5"));
  CHECK_THROWS_WITH(training.flag("rate", true), Contains("expects true or false, got 2.5"));
  CHECK_THROWS_WITH(training.number("layers", 1, 0, 9), Contains("expects a number, got \"six\""));
  CHECK_THROWS_WITH(json.integer("training", 1, 1, 9),
                    Contains("expects an integer, got an object"));
  CHECK_THROWS_WITH(training.object("list"), Contains("expects an object, got a list"));
  CHECK_THROWS_WITH(json.array("training"), Contains("expects a list, got an object"));
  CHECK_THROWS_WITH(training.array("list")[1].as_integer(0, 9),
                    "c.json:2:58: training.list[1]: expects an integer, got true");
  CHECK_THROWS_WITH(json.required_integer("heads", 1, 9), "c.json:1:1: has no \"heads\"");
  CHECK_THROWS_WITH(training.required_text("cell"), "c.json:2:15: training: has no \"cell\"");
}

TEST_CASE("A value out of its range shows the range") {
  const Json json = config(R"({"heads": 65, "p": 1.0, "rate": -1, "big": 9223372036854775808})");
  CHECK_THROWS_WITH(json.integer("heads", 8, 1, 64),
                    "c.json:1:11: heads: expects an integer from 1 to 64, got 65");
  CHECK_THROWS_WITH(json.integer("rate", 8, 0, INT64_MAX),
                    Contains("expects an integer of at least 0, got -1"));
  CHECK_THROWS_WITH(json.number("rate", 1, 0, 10),
                    Contains("expects a number from 0 to 10, got -1"));
  CHECK_THROWS_WITH(json.fraction("p", 0), Contains("p: expects a number in [0, 1), got 1.0"));
  CHECK_THROWS_WITH(json.integer("big", 8, 0, INT64_MAX),
                    Contains("expects an integer, got 9223372036854775808"));
}

TEST_CASE("A word that is not among the choices is refused with the list") {
  const Json json = config(R"({"cell": "grru"})");
  CHECK_THROWS_WITH(
      json.choice("cell", "gru", {"gru", "lstm"}),
      "c.json:1:10: cell: expects one of gru, lstm, got \"grru\"; did you mean \"gru\"?");
  CHECK(json.choice("absent", "gru", {"gru"}) == "gru");
}

TEST_CASE("An unknown key is refused with the closest known one") {
  const Json json = config("{\"heads\": 8,\n \"model\": {\"d_modle\": 3}}");
  CHECK_NOTHROW(json.allow_only({"heads", "model"}));
  CHECK_THROWS_WITH(json.object("model").allow_only({"d_model", "heads"}),
                    "c.json:2:12: unknown key \"model.d_modle\"; did you mean \"d_model\"?");
  CHECK_THROWS_WITH(json.allow_only({"heads"}),
                    "c.json:2:2: unknown key \"model\" (known here: heads)");
}

TEST_CASE("Text that is not JSON is refused with line and column") {
  CHECK(message_of("{\"a\": 1,\n}") ==
        "c.json:2:1: not valid JSON: a comma before the closing bracket");
  CHECK(message_of("{\"a\": [1, 2, ]}") ==
        "c.json:1:14: not valid JSON: a comma before the closing bracket");
  for (const std::string text :
       {"", " ", "{", "heads = 8", "{\"a\" 1}", "{'a': 1}", "{\"a\": NaN}", "{\"a\": Infinity}",
        "{\"a\": 01}", "{\"a\": +1}", "{\"a\": .5}", "{} {}", "{\"a\": 1} // c",
        "{\"a\": \"\xff\"}", "{\"a\": \"\x01\"}", "{\"a\": \"\\ud800\"}", "\"\xc0\x80\"", "nul",
        "{\"a\": 1,, \"b\": 2}"}) {
    CAPTURE(text);
    CHECK_THAT(message_of(text),
               Catch::Matchers::StartsWith("c.json:1:") && Contains("not valid JSON: "));
    CHECK(message_of(text).find('\n') == std::string::npos);
    CHECK(message_of(text).find("json.exception") == std::string::npos);
  }
  CHECK_THAT(message_of(std::string("{}\0x", 4)),
             Contains("c.json:1:3: not valid JSON: a NUL byte"));
}

TEST_CASE("Numbers that JSON or heed cannot hold are refused") {
  CHECK_THAT(message_of("{\"a\": 1e400}"), Contains("number overflow"));
  CHECK(message_of("{\"a\": [0, -0, -0.0]}").empty());
  CHECK(config("{\"a\": -0}").integer("a", 7, 0, 9) == 0);
}

TEST_CASE("A key that appears twice is refused with both lines") {
  CHECK(message_of("{\"a\": 1,\n \"b\": {\"c\": 1},\n  \"a\": 2}") ==
        "c.json:3:3: key \"a\" appears twice (first on line 1)");
  CHECK_THAT(message_of("{\"b\": {\"c\": 1, \"c\": 1}}"), Contains("key \"c\" appears twice"));
  CHECK(message_of("{\"a\": {\"a\": 1}, \"b\": {\"a\": 1}}").empty());
}

TEST_CASE("Depth, size and number of values are limited") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(message_of(nested(32)).empty());
  CHECK(message_of(nested(33)) == "c.json:1:33: nested deeper than 32");
  CHECK_THAT(message_of(std::string(10'000, '[')), Contains("nested deeper than 32"));
  CHECK_THAT(message_of(std::string((1 << 20) + 1, ' ')), Contains("is larger than 1 MiB"));
  std::string many = "[0";
  for (int i = 0; i < 100'000; ++i) many += ",0";
  CHECK_THAT(message_of(many + "]"), Contains("has more than 100000 values"));
}

TEST_CASE("A file is read under its name, and its faults are those of its kind") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "c.json", "\xef\xbb\xbf{\"a\": 1}");
  CHECK(Json::read(folder / "c.json", JsonFault::config).integer("a", 0, 0, 9) == 1);
  write_file_atomically(folder / "c.json", "{\"a\": }");
  CHECK_THROWS_AS(Json::read(folder / "c.json", JsonFault::config), ConfigError);
  CHECK_THROWS_AS(Json::read(folder / "c.json", JsonFault::format), FormatError);
  CHECK_THROWS_WITH(Json::read(folder / "c.json", JsonFault::format),
                    Contains(folder / "c.json:1:7: not valid JSON"));
  CHECK_THROWS_AS(Json::read(folder / "absent", JsonFault::format), IoError);
  write_file_atomically(folder / "big", std::string(3 << 20, ' '));
  CHECK_THROWS_WITH(Json::read(folder / "big", JsonFault::config), Contains("larger than 1 MiB"));
}

TEST_CASE("Settings are read as JSON or as words, and name their origin") {
  Json json = config(R"({"heads": 8, "training": {"epochs": 3, "steps": 7}})");
  json.set("heads", "4", "--set");
  json.set("cell", "lstm", "--set");
  json.set("training.epochs", "5", "--set");
  json.set("data.lowercase", "true", "--set");
  CHECK(json.integer("heads", 0, 1, 64) == 4);
  CHECK(json.text("cell", "") == "lstm");
  CHECK(json.object("training").integer("epochs", 0, 0, 9) == 5);
  CHECK(json.object("training").integer("steps", 0, 0, 9) == 7);
  CHECK(json.object("data").flag("lowercase", false));
  json.set("training.epochs", "many", "--set");
  CHECK_THROWS_WITH(json.object("training").integer("epochs", 0, 0, 9),
                    "--set: training.epochs: expects an integer, got \"many\"");
  CHECK_THROWS_WITH(json.set("heads.x", "1", "--set"), Contains("heads: expects an object, got 4"));
  json.set("d_modle", "1", "--set");
  CHECK_THROWS_WITH(json.allow_only({"heads", "cell", "training", "data", "d_model"}),
                    "--set: unknown key \"d_modle\"; did you mean \"d_model\"?");
}

TEST_CASE("No single changed byte of a document crashes the reader") {
  const std::string text = "{\"a\": [1, -2.5e3, true],\n \"b\": {\"c\": null, \"d\\n\": \"x\"}}";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      try {
        config(changed).allow_only({"a", "b"});
      } catch (const ConfigError& error) {
        CHECK(std::string(error.what()).substr(0, 7) == "c.json:");
      }
    }
  }
}

TEST_CASE("What is written as JSON steers no terminal and reads back as it was") {
  const std::string text = "a\x1b\x7f \u009b31m \u202e\u2066\u200f \u2028 \u00e9\u4e2d";
  const std::string written = json_string(text);
  CHECK(written == "\"a\\u001b\\u007f \\u009b31m \\u202e\\u2066\\u200f \\u2028 \u00e9\u4e2d\"");
  CHECK(config("{\"x\": " + written + "}").required_text("x") == text);
}

TEST_CASE("numbers written as JSON read back as they were, and no number is null") {
  CHECK(json_number(1.0 / 3) == "0.3333333333333333");
  CHECK(json_number(1.0f / 3) == "0.33333334");
  CHECK(json_number(12.0) == "12");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(shortest(std::numeric_limits<double>::infinity()) == "inf");
}
