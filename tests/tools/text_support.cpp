#include "text_support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>
#include <vector>

void check_xml(const std::string& document) {
  static const std::regex tag(R"(^<(/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<>]*")*)(/?)>)");
  static const std::regex stray("&(?!(amp|lt|gt|quot);)");
  CHECK_FALSE(std::regex_search(document, stray));
  std::vector<std::string> open;
  for (std::size_t at = document.find('<'); at != std::string::npos;
       at = document.find_first_of("<>", at)) {
    std::smatch match;
    const std::string rest = document.substr(at, document.find('>', at) - at + 1);
    INFO(rest);
    REQUIRE(std::regex_search(rest, match, tag));
    if (match[1].length() > 0) {
      REQUIRE_FALSE(open.empty());
      REQUIRE(open.back() == match[2]);
      open.pop_back();
    } else if (match[4].length() == 0) {
      open.push_back(match[2]);
    }
    at += rest.size();
  }
  CHECK(open.empty());
}

std::size_t count(const std::string& text, const std::string& piece) {
  std::size_t times = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++times;
  return times;
}
