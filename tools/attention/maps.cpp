#include "maps.hpp"

#include <cmath>

#include "../../core/error.hpp"
#include "../terminal/display_text.hpp"

namespace heed::tools {

namespace {

/// What the decoder reads while it writes `written`, one step behind.
std::vector<std::string> read_tokens(std::vector<std::string> written) {
  if (written.empty()) return written;
  written.pop_back();
  written.insert(written.begin(), "<s>");
  return written;
}

/// The words that an error calls the tokens of an axis; `other` is the text of the other axis.
std::string axis_name(Side side, Side other) {
  if (side == Side::source) return "source";
  return other == Side::target ? "read target" : "target";
}

void check(const AttentionMap& map, const AttentionLayer& layer) {
  const std::size_t rows = map.rows.size(), columns = map.columns.size();
  const std::string queries = axis_name(layer.queries, layer.keys),
                    keys = axis_name(layer.keys, layer.queries);
  if (map.weights.size() != rows * columns)
    throw ShapeError("attention " + map.title + ": expected " + std::to_string(rows) + " x " +
                     std::to_string(columns) + " weights (" + queries + " x " + keys + "), got " +
                     std::to_string(map.weights.size()));
  for (std::size_t i = 0; i < map.weights.size(); ++i)
    if (!std::isfinite(map.weights[i]))
      throw NumericError("attention " + map.title + ": the weight of " + queries + " token " +
                         std::to_string(i / columns) + " on " + keys + " token " +
                         std::to_string(i % columns) + " is not a finite number");
}

}  // namespace

std::vector<std::string> token_labels(const std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  for (const std::string& token : tokens) out.push_back(visible(token));
  return out;
}

std::vector<AttentionMap> attention_maps(const Translation& translation) {
  const auto source = token_labels(translation.source), target = token_labels(translation.target);
  const auto read = read_tokens(target);
  const auto axis = [&](Side side, Side other) {
    if (side == Side::source) return source;
    return other == Side::target ? read : target;
  };
  std::vector<AttentionMap> maps;
  for (std::size_t l = 0; l < translation.attention.size(); ++l) {
    const AttentionLayer& layer = translation.attention[l];
    const auto rows = axis(layer.queries, layer.keys), columns = axis(layer.keys, layer.queries);
    for (std::size_t h = 0; h < layer.heads.size(); ++h) {
      const std::string head = layer.heads.size() > 1 ? " head " + std::to_string(h) : "";
      maps.push_back({visible(layer.name) + head, l, h, rows, columns, layer.heads[h].weights});
      check(maps.back(), layer);
    }
  }
  return maps;
}

std::string side_name(Side side) { return side == Side::source ? "source" : "target"; }

}  // namespace heed::tools
