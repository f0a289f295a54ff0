#include "json.hpp"

#include "../../core/files/json_writer.hpp"
#include "maps.hpp"

namespace heed::tools {

namespace {

template <class Items, class Write>
void append_list(std::string& out, const Items& items, Write write) {
  out += '[';
  const char* separator = "";
  for (const auto& item : items) {
    out += separator;
    write(item);
    separator = ", ";
  }
  out += ']';
}

void append_tokens(std::string& out, const std::vector<std::string>& tokens) {
  append_list(out, tokens, [&](const std::string& token) { out += json_string(token); });
}

void append_head(std::string& out, const AttentionMap& map) {
  std::vector<std::span<const float>> rows;
  for (std::size_t t = 0; t < map.rows.size(); ++t)
    rows.push_back(map.weights.subspan(t * map.columns.size(), map.columns.size()));
  append_list(out, rows, [&](std::span<const float> row) {
    append_list(out, row, [&](float weight) { out += json_number(weight); });
  });
}

}  // namespace

std::string attention_json(const Translation& translation) {
  const std::vector<AttentionMap> maps = attention_maps(translation);
  std::string out = "{\"source\": ";
  append_tokens(out, translation.source);
  out += ", \"target\": ";
  append_tokens(out, translation.target);
  out += ", \"layers\": ";
  auto map = maps.begin();
  append_list(out, translation.attention, [&](const AttentionLayer& layer) {
    out += "{\"name\": " + json_string(layer.name);
    out += ", \"queries\": " + json_string(side_name(layer.queries));
    out += ", \"keys\": " + json_string(side_name(layer.keys)) + ", \"heads\": ";
    append_list(out, layer.heads, [&](const AttentionHead&) { append_head(out, *map++); });
    out += '}';
  });
  return out + '}';
}

}  // namespace heed::tools
