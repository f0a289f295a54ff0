#include "attention_layers.hpp"

#include <numeric>

namespace heed {

namespace {

/// The weights of sentence `row`, which has so many source and target tokens.
AttentionLayer layer_of(const AttentionWeights& attention, int64_t row, int64_t source,
                        int64_t target) {
  const auto words = [&](Side side) { return side == Side::source ? source : target; };
  const Array weights = attention.weights.array()
                            .select(0, row)
                            .slice(1, 0, words(attention.queries))
                            .slice(2, 0, words(attention.keys));  // [H, queries, keys]
  AttentionLayer layer{attention.name, {}, attention.queries, attention.keys};
  for (int64_t head = 0; head < weights.size(0); ++head) {
    layer.heads.push_back({weights.select(0, head).to(float32).to_vector<float>()});
  }
  return layer;
}

}  // namespace

std::vector<std::vector<AttentionLayer>> attention_layers(const TranslationModel& model,
                                                          const text::EncodedPairs& pairs) {
  std::vector<int64_t> all(pairs.source.size());
  std::iota(all.begin(), all.end(), int64_t{0});
  const text::Batch b = text::make_batch(pairs, all);
  std::vector<std::vector<AttentionLayer>> result(pairs.source.size());
  for (const AttentionWeights& weights :
       model.attention_weights(b.source, b.source_keep, b.target_in)) {
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i].push_back(layer_of(weights, static_cast<int64_t>(i),
                                   static_cast<int64_t>(pairs.source[i].size()),
                                   static_cast<int64_t>(pairs.target[i].size())));
    }
  }
  return result;
}

}  // namespace heed
