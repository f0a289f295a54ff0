// The numbers in a page of attention.
#include <catch2/catch.hpp>

#include <cmath>

#include "../../../tools/attention/html.hpp"
#include "attention_support.hpp"

using namespace heed;
using namespace heed::tools;

namespace {

/// The first `count` weights of a head of a page.
std::vector<unsigned> thousandths(const std::string& text, std::size_t count) {
  const std::string base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::size_t at = 0;
  const auto bits = [&](int number, unsigned u) {
    for (; number > 0; --number, ++at) {
      u = u << 1 | (base64.find(text.at(at / 6)) >> (5 - at % 6) & 1);
    }
    return u;
  };
  const auto order = static_cast<int>(bits(4, 0));
  std::vector<unsigned> out;
  while (out.size() < count) {
    int zeros = 0;
    while (bits(1, 0) == 0) ++zeros;
    out.push_back(bits(zeros + order, 1) - (1u << order));
  }
  return out;
}

/// Heads of a text of many tokens: uniform, sharp, causal, and something between.
Translation long_heads(std::size_t tokens) {
  Translation t;
  t.source.assign(tokens, "a");
  t.target.assign(tokens, "b");
  const std::vector<float> uniform(tokens * tokens, 1.0f / static_cast<float>(tokens));
  std::vector<AttentionHead> heads(4, AttentionHead{uniform});
  uint32_t random = 1;
  for (std::size_t i = 0; i < tokens; ++i) {
    float sum = 0;
    for (std::size_t j = 0; j < tokens; ++j) {
      const std::size_t at = i * tokens + j;
      random = random * 1664525 + 1013904223;
      heads[1].weights[at] = j == i ? 0.97f : 0.03f / static_cast<float>(tokens - 1);
      heads[2].weights[at] = j <= i ? 1.0f / static_cast<float>(i + 1) : 0;
      const float one = static_cast<float>(random >> 8) / 16777216.0f;
      sum += heads[3].weights[at] = one * one * one;
    }
    for (std::size_t j = 0; j < tokens; ++j) heads[3].weights[i * tokens + j] /= sum;
  }
  t.attention = {{"attention", heads}};
  return t;
}

}  // namespace

TEST_CASE("the page holds the sentences with weights in thousandths") {
  const std::vector<Translation> run = {black_cat(), long_heads(2)};
  const auto data = page_data(attention_html(run));
  REQUIRE(data.size() == 2);
  CHECK(data[0]["source"] == nlohmann::json(run[0].source));
  CHECK(thousandths(data[0]["layers"][0]["heads"][0], 9) ==
        std::vector<unsigned>{100, 900, 0, 600, 400, 0, 0, 50, 950});
  REQUIRE(data[1]["layers"].size() == 1);
  CHECK(data[1]["layers"][0]["heads"].size() == 4);
}

TEST_CASE("the heads of 500 tokens take less than 25 MB for 6 + 6 layers of 8, to the thousandth") {
  const Translation t = long_heads(500);
  const auto data = page_data(attention_html({&t, 1}));
  for (std::size_t h = 0; h < 4; ++h) {
    const std::string text = data[0]["layers"][0]["heads"][h];
    CHECK(text.size() < 25'000'000 / (18 * 8));
    const std::vector<unsigned> values = thousandths(text, 500 * 500);
    int64_t wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      wrong += std::lround(t.attention[0].heads[h].weights[i] * 1000.0) != values[i];
    }
    CHECK(wrong == 0);
  }
}
