// The Transformer as search and pictures ask for it: word by word, and every attention on the way.
#include "transformer.hpp"

#include "../core/operations.hpp"

namespace heed {

namespace {

class WordByWord final : public Decoder {
 public:
  WordByWord(const Transformer& model, const Tensor& source, const Tensor& keep)
      : model_(model), source_(model.encode(source, keep)), rows_{"Transformer", source.size(0)} {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    return log_softmax(scores(last).scores);
  }

  WordScores scores(const Tensor& last) override {
    NoGrad no_grad;
    rows_.check_step(last);
    const auto [logits, weights] = model_.decode(source_, so_far_, unsqueeze(last, 1));
    source_weights_ = weights;
    return {select(logits, 1, 0), true};  // [R, V]
  }

  Tensor attention() const override {
    if (!source_weights_.defined()) return {};
    NoGrad no_grad;
    // [N, H, K, S], the hypotheses of a sentence side by side -> [R, S].
    const Tensor alpha = mean(source_weights_, {1});
    return reshape(alpha, {alpha.size(0) * alpha.size(1), alpha.size(2)});
  }

  int64_t most_words() const override {
    return model_.target_positions ? model_.config.max_length - 1 : Decoder::most_words();
  }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    NoGrad no_grad;
    rows_.reorder(sentences, rows);
    const std::vector<int32_t> order = rows.to_vector<int32_t>();
    for (KeyValueCache& layer : so_far_.layers) layer.reorder(order);
    if (sentences.size(0) == source_.keep.size(0)) return;
    source_.keep = index_select(source_.keep, 0, sentences);
    for (auto& [key, value] : source_.memory) {
      key = index_select(key, 0, sentences);
      value = index_select(value, 0, sentences);
    }
  }

 private:
  const Transformer& model_;
  Transformer::Source source_;
  Transformer::Target so_far_;
  DecoderRows rows_;
  Tensor source_weights_;  // of the last step
};

std::string layer_name(const char* stack, std::size_t layer, const char* attention) {
  return std::string(stack) + ".layers." + std::to_string(layer) + '.' + attention;
}

}  // namespace

std::unique_ptr<Decoder> Transformer::start_decoder(const Tensor& source,
                                                    const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<WordByWord>(*this, source, keep);
}

LengthLimits Transformer::length_limits() const {
  if (config.positions != Positions::learned) return {};
  return {config.max_length, config.max_length};
}

// The way of `encode` and `decode` once more: they hold no layer's weights, here all are wanted.
std::vector<AttentionWeights> Transformer::attention_weights(const Tensor& source,
                                                             const Tensor& keep,
                                                             const Tensor& target) const {
  NoGrad no_grad;
  check_source("Transformer", source, keep);
  std::vector<AttentionWeights> all;
  const auto& [encoder, decoder] = transformer;
  Tensor x = embed(Side::source, source);  // [B, S, D]
  for (std::size_t i = 0; i < encoder.layers.size(); ++i) {
    const auto [y, self] = encoder.layers[i](x, keep);
    all.push_back({layer_name("encoder", i, "self_attn"), self, Side::source, Side::source});
    x = y;
  }
  const Tensor memory = (*encoder.norm)(x), ahead = causal_keep(target.size(1), target.size(1));
  x = embed(Side::target, target);  // [B, T, D]
  for (std::size_t i = 0; i < decoder.layers.size(); ++i) {
    const TransformerDecoderLayer& layer = decoder.layers[i];
    const auto [y, self, other] = layer(x, {layer.multihead_attn.project(memory), ahead, keep});
    all.push_back({layer_name("decoder", i, "self_attn"), self, Side::target, Side::target});
    all.push_back({layer_name("decoder", i, "multihead_attn"), other, Side::target, Side::source});
    x = y;
  }
  return all;
}

}  // namespace heed
