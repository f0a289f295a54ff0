#pragma once

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "../../../models/translate/translation.hpp"

inline heed::Translation black_cat() {
  heed::Translation t;
  t.text = "chat noir";
  t.source = {"black", "cat", "</s>"};
  t.target = {"chat", "noir", "</s>"};
  t.attention = {{"attention",
                  {{{0.1f, 0.9f, 0.0f,  //
                     0.6f, 0.4f, 0.0f,  //
                     0.0f, 0.05f, 0.95f}}}}};
  return t;
}

/// The sentences that a page holds.
inline nlohmann::json page_data(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const auto begin = page.find(open) + open.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}
