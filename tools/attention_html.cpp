#include <cmath>
#include <heed/models/json_writer.hpp>
#include <heed/tools/attention_html.hpp>
#include <heed/tools/attention_maps.hpp>

#include <string_view>

#include "attention_page.hpp"

namespace heed::tools {

namespace {

/// Weights as thousandths in base 36, two digits each; `A` to `Z` stand for 1 to 26 zeros.
std::string encoded(std::span<const float> weights) {
  static constexpr char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr int longest = 26;
  std::string out;
  int zeros = 0;
  const auto end_zeros = [&] {
    if (zeros > 0) out += static_cast<char>('A' + zeros - 1);
    zeros = 0;
  };
  for (const float weight : weights) {
    const double bounded = std::fmin(std::fmax(static_cast<double>(weight), 0.0), 1.0);
    const auto thousandths = static_cast<std::size_t>(std::lround(bounded * 1000));
    if (thousandths == 0) {
      if (++zeros == longest) end_zeros();
      continue;
    }
    end_zeros();
    out += {digits[thousandths / 36], digits[thousandths % 36]};
  }
  end_zeros();
  return out;
}

std::string strings(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items)
    out.append(out.empty() ? "[" : ",").append(json_string(item));
  return out.empty() ? "[]" : out + "]";
}

std::string sentence(const Translation& translation, const std::vector<AttentionMap>& maps) {
  std::string layers;
  auto map = maps.begin();
  for (const AttentionLayer& layer : translation.attention) {
    if (layer.heads.empty()) continue;
    std::vector<std::string> heads;
    for (std::size_t h = 0; h < layer.heads.size(); ++h) heads.push_back(encoded((map++)->weights));
    if (!layers.empty()) layers += ',';
    layers.append("{\"name\":").append(json_string(layer.name));
    layers.append(",\"queries\":").append(json_string(side_name(layer.queries)));
    layers.append(",\"keys\":").append(json_string(side_name(layer.keys)));
    layers.append(",\"heads\":").append(strings(heads)).append("}");
  }
  return "{\"source\":" + strings(token_labels(translation.source)) +
         ",\"target\":" + strings(token_labels(translation.target)) +
         ",\"text\":" + json_string(translation.text) + ",\"layers\":[" + layers + "]}";
}

/// JSON that may stand in a script element: no `<` can open or close a tag in it.
std::string script_safe(const std::string& json) {
  std::string out;
  for (const char c : json)
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  return out;
}

}  // namespace

std::string attention_html(std::span<const Translation> translations) {
  std::string data;
  for (const Translation& translation : translations) {
    const std::vector<AttentionMap> maps = attention_maps(translation);
    if (maps.empty()) continue;
    data += (data.empty() ? "" : ",\n") + script_safe(sentence(translation, maps));
  }
  constexpr std::string_view page = attention_page, place = "@DATA@";
  const std::size_t begin = page.find(place);
  std::string out(page.substr(0, begin));
  out += "[" + data + "]";
  out += page.substr(begin + place.size());
  return out;
}

}  // namespace heed::tools
