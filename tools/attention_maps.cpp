#include <cmath>
#include <heed/core/error.hpp>
#include <heed/tools/attention_maps.hpp>
#include <heed/tools/display_text.hpp>

namespace heed::tools {

namespace {

std::vector<std::string> labels(const std::vector<std::string>& tokens) {
  std::vector<std::string> out;
  for (const std::string& token : tokens) out.push_back(visible(token));
  return out;
}

void check(const AttentionMap& map) {
  const std::size_t rows = map.rows.size(), columns = map.columns.size();
  if (map.weights.size() != rows * columns)
    throw ShapeError("attention " + map.title + ": expected " + std::to_string(rows) + " x " +
                     std::to_string(columns) + " weights (target x source), got " +
                     std::to_string(map.weights.size()));
  for (std::size_t i = 0; i < map.weights.size(); ++i)
    if (!std::isfinite(map.weights[i]))
      throw NumericError("attention " + map.title + ": the weight of target token " +
                         std::to_string(i / columns) + " on source token " +
                         std::to_string(i % columns) + " is not a finite number");
}

}  // namespace

std::vector<AttentionMap> attention_maps(const Translation& translation) {
  const auto rows = labels(translation.target), columns = labels(translation.source);
  std::vector<AttentionMap> maps;
  for (std::size_t l = 0; l < translation.attention.size(); ++l) {
    const AttentionLayer& layer = translation.attention[l];
    for (std::size_t h = 0; h < layer.heads.size(); ++h) {
      const std::string head = layer.heads.size() > 1 ? " head " + std::to_string(h + 1) : "";
      maps.push_back({visible(layer.name) + head, l, h, rows, columns, layer.heads[h].weights});
      check(maps.back());
    }
  }
  return maps;
}

}  // namespace heed::tools
