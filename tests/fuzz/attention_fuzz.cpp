// Attention of hostile tokens as a page, a drawing, JSON and terminal text: tokens stay text. The
// first line's bytes choose the sizes, the lines after it are tokens and names.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "../../models/text/utf8.hpp"
#include "../../tools/attention/html.hpp"
#include "../../tools/attention/json.hpp"
#include "../../tools/attention/svg.hpp"
#include "../../tools/attention/terminal.hpp"

#include "fuzz.hpp"

using heed::Translation;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

heed::AttentionLayer layer_of(const std::string& name, std::size_t heads, std::size_t rows,
                              std::size_t columns) {
  heed::AttentionLayer layer;
  layer.name = name;
  layer.heads.resize(heads);
  for (heed::AttentionHead& head : layer.heads) {
    head.weights.assign(rows * columns, 1 / static_cast<float>(columns));
  }
  return layer;
}

/// A translation whose texts are the lines of an input; `plain` puts letters in their place.
Translation translation_of(const std::string& input, bool plain) {
  std::vector<std::string> lines = lines_of(input);
  const std::string sizes = lines[0] + "abc";
  lines.erase(lines.begin());
  const auto size = [&](std::size_t i, std::size_t most) {
    return 1 + static_cast<unsigned char>(sizes[i]) % most;
  };
  std::size_t next = 0;
  const auto text = [&] {
    const std::string line = next < lines.size() ? lines[next] : "x";
    ++next;
    return plain && !line.empty() ? std::string("a") : line;
  };
  Translation translation;
  for (std::size_t i = 0; i < size(0, 5); ++i) translation.source.push_back(text());
  for (std::size_t i = 0; i < size(1, 5); ++i) translation.target.push_back(text());
  translation.log_probabilities.assign(translation.target.size(), -0.5);
  translation.text = text();
  translation.attention.push_back(
      layer_of(text(), size(2, 3), translation.target.size(), translation.source.size()));
  return translation;
}

std::ptrdiff_t count(const std::string& text, char c) {
  return std::count(text.begin(), text.end(), c);
}

/// Nothing but line ends, letters and what is no control character.
void check_terminal(const std::string& text) {
  fuzz::require(!heed::find_utf8_fault(text), "the terminal gets invalid UTF-8");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto after = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    fuzz::require((c >= 0x20 || c == '\n') && c != 0x7F, "the terminal gets a control character");
    fuzz::require(c != 0xC2 || after >= 0xA0, "the terminal gets a control character of C1");
  }
}

void check_json(const std::string& line, const Translation& translation) {
  fuzz::require(line.find('\n') == std::string::npos, "JSON of more than one line");
  const nlohmann::json json = nlohmann::json::parse(line);
  for (std::size_t i = 0; i < translation.source.size(); ++i) {
    if (heed::find_utf8_fault(translation.source[i])) continue;
    fuzz::require(json["source"][i] == translation.source[i], "another token in JSON");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  namespace tools = heed::tools;
  const std::string input = fuzz::text_of(data, size);
  const std::vector<Translation> hostile = {translation_of(input, false)};
  const std::vector<Translation> plain = {translation_of(input, true)};
  // Fewer tags are fine: a name that shows as nothing gets no element.
  const auto no_more = [&](char bracket, const std::string& page, const std::string& plain_page) {
    fuzz::require(count(page, bracket) <= count(plain_page, bracket), "text became a tag");
    fuzz::require(!heed::find_utf8_fault(page), "invalid UTF-8 in a page");
  };
  fuzz::accepts<>([&] {
    // The page's data stands in a script element, where nothing but `<` can end it.
    no_more('<', tools::attention_html(hostile), tools::attention_html(plain));
    no_more('<', tools::attention_svg(hostile), tools::attention_svg(plain));
    no_more('>', tools::attention_svg(hostile), tools::attention_svg(plain));
    check_json(tools::attention_json(hostile[0]), hostile[0]);
    check_terminal(tools::draw_attention(hostile[0]));
  });
  return 0;
}
