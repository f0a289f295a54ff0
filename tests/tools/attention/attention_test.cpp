#include "../../../tools/attention/attention.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../tools/attention/html.hpp"
#include "../../../tools/attention/json.hpp"
#include "../../../tools/attention/maps.hpp"
#include "../../../tools/attention/svg.hpp"
#include "../../../tools/attention/terminal.hpp"
#include "../../../tools/terminal/display_text.hpp"
#include "../../temporary_folder.hpp"
#include "../text_support.hpp"
#include "attention_support.hpp"

using namespace heed;
using namespace heed::tools;
using Catch::Contains;

namespace {

/// `layers` attentions of `heads` heads, each weight different.
Translation many_heads(std::size_t layers, std::size_t heads) {
  Translation t;
  t.source = {"a", "b", "</s>"};
  t.target = {"x", "</s>"};
  float weight = 0;
  for (std::size_t l = 0; l < layers; ++l) {
    AttentionLayer layer{"layer" + std::to_string(l), {}};
    for (std::size_t h = 0; h < heads; ++h) {
      AttentionHead head;
      for (int i = 0; i < 6; ++i) head.weights.push_back(weight += 1.0f / 1024);
      layer.heads.push_back(head);
    }
    t.attention.push_back(layer);
  }
  return t;
}

/// A Transformer's attentions of 3 source and 2 target tokens, in a model's order.
Translation transformer(std::size_t layers, std::size_t heads) {
  Translation t = many_heads(0, 0);
  const auto add = [&](const std::string& name, Side queries, Side keys) {
    const std::size_t rows = queries == Side::source ? 3 : 2,
                      columns = keys == Side::source ? 3 : 2;
    const AttentionHead head{std::vector<float>(rows * columns, 0.25f)};
    t.attention.push_back({name, std::vector(heads, head), queries, keys});
  };
  for (std::size_t l = 0; l < layers; ++l)
    add("encoder.layers." + std::to_string(l) + ".self_attn", Side::source, Side::source);
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string layer = "decoder.layers." + std::to_string(l);
    add(layer + ".self_attn", Side::target, Side::target);
    add(layer + ".multihead_attn", Side::target, Side::source);
  }
  return t;
}

Translation long_sentence(std::size_t tokens) {
  Translation t;
  for (std::size_t i = 0; i < tokens; ++i) {
    t.source.push_back("s" + std::to_string(i));
    t.target.push_back("t" + std::to_string(i));
  }
  t.attention = {{"attention", {{std::vector<float>(tokens * tokens, 0.002f)}}}};
  return t;
}

/// Every token an attack or a trap for layout.
Translation hostile() {
  Translation t = black_cat();
  t.text = "</script><script>alert(1)</script>";
  t.source = {"</script><img/onerror=alert(1)>", "\"'&<!--", "\xE2\x80\xAE\x1B[31m\xD7\xA9"};
  t.target = {"<b>", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7",
              "a\xFF"
              "b"};
  return t;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

std::string content(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The page of `translation` after its scripts ran in a browser; empty, with a warning, without one.
std::string opened(const Translation& translation) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) {
    WARN("chromium is not installed: the page was not opened");
    return "";
  }
  const TemporaryFolder folder;
  write_attention(folder / "page.html", {&translation, 1}, false);
  const std::string command = "HOME='" + folder.path() + "' timeout 60 chromium --headless " +
                              "--no-sandbox --disable-gpu --dump-dom 'file://" +
                              (folder / "page.html") + "' >'" + (folder / "dom") + "' 2>/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  return content(folder / "dom");
}

}  // namespace

TEST_CASE("the terminal shows source words above the columns and shades by weight") {
  const auto drawn = lines(draw_attention(black_cat()));
  REQUIRE(drawn.size() == 9);
  CHECK(drawn[0] == "      ╭ black");
  CHECK(drawn[1] == "      │ ╭ cat");
  CHECK(drawn[2] == "      │ │ ╭ </s>");
  CHECK(drawn[3] == "     ┌┴─┴─┴─┐");
  CHECK(drawn[4] == "chat │░░██  │");
  CHECK(drawn[5] == "noir │▓▓▒▒  │");
  CHECK(drawn[6] == "</s> │    ██│");
  CHECK(drawn[7] == "     └──────┘");
  CHECK_THAT(drawn[8], Contains("0.1") && Contains("0.7"));
}

TEST_CASE("the terminal's colours are 24-bit or of the palette, and always reset") {
  const std::string full = draw_attention(black_cat(), {.colors = Colors::full});
  CHECK_THAT(full, Contains("\033[48;2;31;34;56m  "));
  CHECK_THAT(draw_attention(black_cat(), {.colors = Colors::palette}), Contains("\033[48;5;"));
  for (const std::string& line : lines(full))
    CHECK((count(line, "\033[") == 0 || count(line, "\033[0m") == 1));
}

TEST_CASE("characters of the source stand above their columns") {
  Translation t = black_cat();
  t.source = {"a", "語", "␣"};
  CHECK(lines(draw_attention(t))[0] == "      a 語␣");
}

TEST_CASE("no line of the terminal's drawing is wider than the terminal") {
  for (const int64_t width : {24, 40, 80, 133})
    for (const Translation& t : {black_cat(), long_sentence(97), hostile(), many_heads(2, 3)})
      for (const std::string& line : lines(draw_attention(t, {.width = width}))) {
        if (line.find("--attention") != std::string::npos || line.find("weight ") == 0) continue;
        INFO(line);
        CHECK(display_width(line) <= width);
      }
}

TEST_CASE("what the terminal leaves out is said") {
  CHECK_THAT(draw_attention(long_sentence(97), {.width = 46}),
             Contains("77 source tokens on the right, 37 target tokens below"));
  const std::string drawn = draw_attention(many_heads(2, 7));
  CHECK_THAT(drawn, Contains("layer1 head 3\n") && Contains("10 more heads"));
  CHECK_THAT(drawn, !Contains("layer0") && !Contains("head 4"));
}

TEST_CASE("tokens cannot send escape codes to the terminal") {
  const std::string drawn = draw_attention(hostile());
  CHECK(drawn.find('\033') == std::string::npos);
  CHECK(drawn.find("\xE2\x80\xAE") == std::string::npos);
  CHECK_THAT(drawn, Contains("\\x1b[31m") && Contains("a\\xffb"));
}

TEST_CASE("a translation without attention draws nothing") {
  Translation none;
  none.source = {"</s>"};
  none.target = {"x"};
  CHECK(draw_attention(none).empty());
  CHECK(page_data(attention_html({&none, 1})).empty());
  CHECK_THAT(attention_svg({&none, 1}), Contains("</svg>"));
  CHECK(attention_json(none) == R"({"source": ["</s>"], "target": ["x"], "layers": []})");
}

TEST_CASE("the JSON of a translation gives back every float") {
  const Translation t = many_heads(2, 3);
  const auto json = nlohmann::json::parse(attention_json(t));
  CHECK(json["source"] == nlohmann::json(t.source));
  CHECK(json["target"] == nlohmann::json(t.target));
  REQUIRE(json["layers"].size() == 2);
  CHECK(json["layers"][1]["name"] == "layer1");
  for (std::size_t l = 0; l < 2; ++l)
    for (std::size_t h = 0; h < 3; ++h)
      for (std::size_t i = 0; i < 6; ++i)
        CHECK(json["layers"][l]["heads"][h][i / 3][i % 3].get<float>() ==
              t.attention[l].heads[h].weights[i]);
}

TEST_CASE("axes show the texts that ask and are asked, and what the decoder reads") {
  using Labels = std::vector<std::string>;
  const Translation t = transformer(1, 2);
  const auto maps = attention_maps(t);
  REQUIRE(maps.size() == 6);
  CHECK(maps[1].title == "encoder.layers.0.self_attn head 1");
  CHECK(maps[1].rows == Labels{"a", "b", "</s>"});
  CHECK(maps[1].columns == Labels{"a", "b", "</s>"});
  CHECK(maps[2].rows == Labels{"<s>", "x"});
  CHECK(maps[2].columns == Labels{"<s>", "x"});
  CHECK(maps[5].rows == Labels{"x", "</s>"});
  CHECK(maps[5].columns == Labels{"a", "b", "</s>"});
}

TEST_CASE("the JSON and the page name the texts of each attention") {
  const Translation t = transformer(1, 2);
  for (const auto& it :
       {nlohmann::json::parse(attention_json(t)), page_data(attention_html({&t, 1}))[0]}) {
    REQUIRE(it["layers"].size() == 3);
    CHECK(it["target"] == nlohmann::json({"x", "</s>"}));
    for (std::size_t l = 0; l < 3; ++l) {
      CHECK(it["layers"][l]["queries"] == (l == 0 ? "source" : "target"));
      CHECK(it["layers"][l]["keys"] == (l == 1 ? "target" : "source"));
      CHECK(it["layers"][l]["heads"].size() == 2);
    }
  }
  CHECK(nlohmann::json::parse(attention_json(t))["layers"][0]["heads"][1].size() == 3);
}

TEST_CASE("errors name the axes of a self-attention") {
  Translation t = transformer(1, 1);
  t.attention[1].heads[0].weights[1] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(attention_maps(t), Contains("decoder.layers.0.self_attn: the weight of read "
                                                "target token 0 on read target token 1"));
  t.attention[1].heads[0].weights.pop_back();
  CHECK_THROWS_WITH(attention_maps(t), Contains("2 x 2 weights (read target x read target)"));
  t.attention[0].heads[0].weights.pop_back();
  CHECK_THROWS_WITH(attention_maps(t), Contains("3 x 3 weights (source x source), got 8"));
}

TEST_CASE("the JSON of hostile tokens is one valid line") {
  const std::string line = attention_json(hostile());
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["source"][0] == hostile().source[0]);
  CHECK(json["source"][2] == hostile().source[2]);
  CHECK(json["target"][2] ==
        "a\xEF\xBF\xBD"
        "b");
}

TEST_CASE("the SVG has a darker cell for a larger weight and the words as text") {
  const Translation t = black_cat();
  const std::string svg = attention_svg({&t, 1});
  CHECK_THAT(svg, Contains("viewBox=") && Contains(">black</text>") && Contains(">noir</text>"));
  CHECK_THAT(svg, Contains("<title>chat ← cat 0.9</title>"));
  CHECK(count(svg, "<title>") == 1 + 6);  // the sheet's, and six weights above 0.01
  CHECK(count(svg, "fill=\"#08265") >= 1);
}

TEST_CASE("the SVG escapes every word") {
  const Translation t = hostile();
  const std::string svg = attention_svg({&t, 1});
  CHECK(count(svg, "<img") == 0);
  CHECK(count(svg, "<b>") == 0);
  CHECK_THAT(svg, Contains("&lt;b&gt;") && Contains("&quot;'&amp;&lt;!--"));
  for (const char c : svg) REQUIRE((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
}

TEST_CASE("the SVG of several heads is a grid of titled panels") {
  const Translation t = many_heads(2, 3);
  const std::string svg = attention_svg({&t, 1});
  CHECK(count(svg, ">head 2</text>") == 2);
  CHECK(count(svg, ">layer1</text>") == 1);
}

TEST_CASE("no word of a sentence is markup in the page") {
  const Translation t = hostile();
  const std::string page = attention_html({&t, 1});
  const Translation plain = black_cat();
  const std::string harmless = attention_html({&plain, 1});
  CHECK(count(page, "<") == count(harmless, "<"));
  CHECK(count(page, "</script>") == count(harmless, "</script>"));
  CHECK(page_data(page)[0]["source"][0] == t.source[0]);
  CHECK(page_data(page)[0]["text"] == t.text);
}

TEST_CASE("the page asks for nothing from outside") {
  const Translation t = black_cat();
  const std::string page = attention_html({&t, 1});
  CHECK_THAT(page, Contains("default-src 'none'"));
  for (const char* piece : {" src=", "href=", "url(", "@import", "fetch(", "XMLHttp"})
    CHECK(count(page, piece) == 0);
}

TEST_CASE("a sentence of 500 tokens stays small in every format") {
  const Translation t = long_sentence(500);
  CHECK(attention_html({&t, 1}).size() < 600'000);
  CHECK(attention_svg({&t, 1}).size() < 600'000);
  CHECK(draw_attention(t).size() < 40'000);
}

TEST_CASE("weights that do not fit the tokens are refused") {
  Translation t = black_cat();
  t.attention[0].heads[0].weights.pop_back();
  CHECK_THROWS_WITH(attention_json(t), Contains("expected 3 x 3 weights") && Contains("got 8"));
  t.attention[0].heads[0].weights.push_back(std::numeric_limits<float>::quiet_NaN());
  CHECK_THROWS_AS(attention_html({&t, 1}), NumericError);
}

TEST_CASE("the file's ending picks the format, and another is refused") {
  CHECK(attention_format("-") == AttentionFormat::terminal);
  CHECK(attention_format("a.html") == AttentionFormat::html);
  CHECK(attention_format("d.html/a.svg") == AttentionFormat::svg);
  CHECK(attention_format("a.json") == AttentionFormat::json);
  CHECK_THROWS_AS(attention_format("a.png"), ConfigError);
  CHECK_THROWS_WITH(attention_format("a.png"),
                    Contains(".html") && Contains(".svg") && Contains(".json"));
}

TEST_CASE("a file of attention is never overwritten unasked") {
  const TemporaryFolder folder;
  const std::string file = folder / "a.json";
  const std::vector<Translation> run = {black_cat(), many_heads(1, 1)};
  write_attention(file, run, false);
  CHECK(lines(content(file)).size() == 2);
  CHECK_THROWS_AS(write_attention(file, {run.data(), 1}, false), ConfigError);
  CHECK(lines(content(file)).size() == 2);
  write_attention(file, {run.data(), 1}, true);
  CHECK(lines(content(file)).size() == 1);
  CHECK_THROWS_AS(write_attention(folder / "absent/a.svg", run, false), IoError);
}

TEST_CASE("a browser shows hostile words as text and runs none of them", "[slow]") {
  Translation t = hostile();
  t.source[1] = "<img/src=x/onerror=document.title='attacked'>";
  t.target[0] = "</script><script>document.title='attacked'</script>";
  const std::string dom = opened(t);
  if (dom.empty()) return;
  CHECK_THAT(dom, Contains("<title>Attention</title>") && !Contains("<img"));
  CHECK_THAT(dom, Contains(">&lt;img/src=x/onerror=document.title='attacked'&gt;</span>"));
  CHECK_THAT(dom, Contains(">&lt;/script&gt;&lt;script&gt;document.title='attacked'"));
}

TEST_CASE("the page in a browser counts layers and heads from 0", "[slow]") {
  const std::string dom = opened(transformer(2, 3));
  if (dom.empty()) return;
  CHECK_THAT(dom, Contains(">Encoder self-attention, layer 0, head 0</h2>"));
  CHECK_THAT(dom, Contains("title=\"Cross-attention, layer 1, head 2\""));
  CHECK_THAT(dom, !Contains("layer 2") && !Contains("head 3"));
}

TEST_CASE("the attention JSON that docs/model-format.md shows is what is written") {
  Translation t;
  t.source = {"the", "black", "cat", "</s>"};
  t.target = {"le", "chat", "noir", "</s>"};
  t.attention = {
      {"attention",
       {{{0.48504743f, 0.08447232f, 0.42862925f, 0.001851039f,  //
          0.023774702f, 0.009099023f, 0.96639663f, 0.00072968344f, 0.00011258067f, 0.9750817f,
          0.02366841f, 0.0011374139f, 0.0005614971f, 0.034623f, 0.005742081f, 0.95907336f}}}}};
  const std::string page = read_file(HEED_SOURCE_DIR "/docs/model-format.md");
  CHECK_THAT(page, Contains(attention_json(t)));
}
