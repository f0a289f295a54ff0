#include "html.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "../../core/files/json_writer.hpp"
#include "maps.hpp"
#include "page.hpp"

namespace heed::tools {

namespace {

/// Bits, first ones first, as the digits of base64: six each, zeros at the end.
class Base64Bits {
 public:
  explicit Base64Bits(std::string& out) : out_(out) {}
  void add(unsigned value, int count) {
    held_ = held_ << count | value;
    for (left_ += count; left_ >= 6; left_ -= 6) digit(held_ >> (left_ - 6) & 63);
  }
  void finish() {
    if (left_ > 0) add(0, 6 - left_);
  }

 private:
  void digit(uint64_t value) {
    out_ += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[value];
  }
  std::string& out_;
  uint64_t held_ = 0;
  int left_ = 0;
};

constexpr int most_order = 9;

/// Bits of `value` in the exponential Golomb code of this order.
int code_length(unsigned value, int order) {
  return 2 * static_cast<int>(std::bit_width(value + (1u << order))) - 1 - order;
}

/// The order whose codes are the shortest in all.
int best_order(const std::vector<unsigned>& values) {
  int64_t lengths[most_order + 1] = {};
  for (const unsigned value : values) {
    for (int order = 0; order <= most_order; ++order) lengths[order] += code_length(value, order);
  }
  return static_cast<int>(std::min_element(std::begin(lengths), std::end(lengths)) - lengths);
}

/// Weights as thousandths in bits. The rows of a long text sum to a thousand of them, so that most
/// are small numbers, and a code that gives those few bits needs half of what bytes do: exponential
/// Golomb, u = value + 2^order as as many zeros as u has bits beyond its first `order` + 1, then u.
/// Four bits in front are the order.
std::string encoded(std::span<const float> weights) {
  std::vector<unsigned> values;
  values.reserve(weights.size());
  for (const float weight : weights) {
    const double bounded = std::fmin(std::fmax(static_cast<double>(weight), 0.0), 1.0);
    values.push_back(static_cast<unsigned>(std::lround(bounded * 1000)));
  }
  const int order = best_order(values);
  std::string out;
  Base64Bits bits(out);
  bits.add(static_cast<unsigned>(order), 4);
  for (const unsigned value : values) bits.add(value + (1u << order), code_length(value, order));
  bits.finish();
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
  constexpr std::string_view place = "@DATA@";
  const std::string_view page = attention_page;
  const std::size_t begin = page.find(place);
  std::string out(page.substr(0, begin));
  out += "[" + data + "]";
  out += page.substr(begin + place.size());
  return out;
}

}  // namespace heed::tools
