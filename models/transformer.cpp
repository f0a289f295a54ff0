// "Attention is all you need", Vaswani et al. 2017 (arXiv 1706.03762), section 3. Letters of
// shapes: B sentences, S source and T target words, D d_model, H heads, K = D / H, G kv_heads,
// F feed_forward, V target_vocab.
//
// Where heed differs from the paper, and the switch:
//  1. Encoder and decoder end in a layer normalisation, as in PyTorch; the paper's do not. No
//     switch.
//  2. Normalisation after the residual sum is the paper's; norm = pre puts it before the sub-layer.
//  3. Each projection of an attention has a bias, as in PyTorch. No switch.
//  4. The paper ties all three embedding matrices (section 3.4); tie = all does, the default none.
//  5. Dropout acts inside the feed-forward networks too, as in PyTorch, and with attention_dropout
//     on the attention weights.
//  6. What came later, inside the attentions alone: positions = relative, rotary, alibi (nothing is
//     added to the embeddings then), window, kv_heads.
#include "transformer.hpp"

#include <cmath>

#include "../core/operations.hpp"

namespace heed {

namespace {

/// 3.1: LayerNorm(x + Sublayer(x)), with 5.4's dropout on what the sub-layer gives; or, with norm =
/// pre, x + Sublayer(LayerNorm(x)).
template <class Layer, class Sublayer>
Tensor residual(const Layer& m, const LayerNorm& norm, const Tensor& x, const Sublayer& sublayer) {
  if (m.config.norm == NormPlace::pre) return x + m.dropout(sublayer(norm(x)));
  return norm(x + m.dropout(sublayer(x)));
}

}  // namespace

// 3.1, "Encoder": self-attention (3.2), then the feed-forward network (3.3).
Tensor TransformerEncoderLayer::operator()(const Tensor& x, const Tensor& keep,
                                           Tensor* weights) const {
  const Tensor y = residual(*this, norm1, x, [&](const Tensor& h) {
    const auto [query, memory] = self_attn.project_self(h);
    const Attended attended = self_attn.attend(query, memory, keep);
    if (weights) *weights = attended.weights;
    return attended.context;
  });
  return residual(*this, norm2, y, feed_forward);
}

// 3.1, "Decoder": masked self-attention, attention over the encoder's output, feed-forward network.
Tensor TransformerDecoderLayer::operator()(const Tensor& x, const Context& context,
                                           Weights* weights) const {
  const Tensor y = residual(*this, norm1, x, [&](const Tensor& h) {
    const int64_t first = context.cache ? context.cache->length() : 0;
    const auto [query, newest] = self_attn.project_self(h, first);
    const KeysAndValues memory = context.cache ? context.cache->append(newest) : newest;
    const Attended attended = self_attn.attend(query, memory, context.target_keep);
    if (weights) weights->self = attended.weights;
    return attended.context;
  });
  const Tensor z = residual(*this, norm2, y, [&](const Tensor& h) {
    // The hypotheses of a sentence ask side by side: [B, T, D] -> [N, B / N * T, D].
    const Tensor asking = reshape(h, {context.source.key.size(0), -1, config.d_model});
    const Attended attended = multihead_attn.attend(multihead_attn.project_query(asking),
                                                    context.source, context.source_keep);
    if (weights) weights->source = attended.weights;
    return reshape(attended.context, h.shape());
  });
  return residual(*this, norm3, z, feed_forward);
}

namespace {

/// 3.4: embeddings times sqrt(D), plus 3.5: their positions (where they are added), counted from
/// `first`; 5.4: dropout.
Tensor embed(const Transformer& m, const Embedding& embedding,
             const std::optional<LearnedPositions>& learned, const Tensor& words, int64_t first) {
  const int64_t T = words.size(1);
  Tensor x = embedding(words) * std::sqrt(static_cast<double>(m.config.d_model));
  if (learned) x = x + (*learned)(first, T);
  if (m.config.positions == Positions::sinusoidal) x = x + m.sinusoids(first, T, x.dtype());
  return m.dropout(x);
}

using Trace = std::vector<AttentionWeights>;

std::string layer_name(const char* stack, std::size_t layer, const char* attention) {
  return std::string(stack) + ".layers." + std::to_string(layer) + '.' + attention;
}

/// What the encoder leaves for the decoder.
struct Source {
  Tensor keep;                        // [N, S]
  std::vector<KeysAndValues> memory;  // for each decoder layer, [N, G, S, K]
};

Source encode(const Transformer& m, const Tensor& source, const Tensor& keep, Trace* trace) {
  check_source("Transformer", source, keep);
  Tensor x = embed(m, m.source_embedding, m.source_positions, source, 0);  // [B, S, D]
  const auto& [layers, norm] = m.transformer.encoder;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Tensor weights;
    x = layers[i](x, keep, &weights);
    if (!trace) continue;
    trace->push_back({layer_name("encoder", i, "self_attn"), weights, Side::source, Side::source});
  }
  x = norm(x);
  Source result{keep, {}};
  for (const TransformerDecoderLayer& layer : m.transformer.decoder.layers) {
    result.memory.push_back(layer.multihead_attn.project(x, x));
  }
  return result;
}

/// 3.1 and 3.4: the decoder's stack and the logits of the next words, [B, T, V]. `caches`, if there
/// are any, hold the words before `first`; `last_weights`, if wanted, are those of the last layer's
/// attention to the source.
Tensor decode(const Transformer& m, const Source& source, const Tensor& words, int64_t first,
              std::vector<KeyValueCache>* caches, Trace* trace, Tensor* last_weights = nullptr) {
  const int64_t T = words.size(1);
  const Tensor keep = T > 1 ? causal_keep(T, T) : Tensor();
  Tensor x = embed(m, m.target_embedding, m.target_positions, words, first);  // [B, T, D]
  const auto& [layers, norm] = m.transformer.decoder;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    TransformerDecoderLayer::Weights weights;
    x = layers[i](x, {source.memory[i], keep, source.keep, caches ? &(*caches)[i] : nullptr},
                  &weights);
    if (last_weights) *last_weights = weights.source;
    if (!trace) continue;
    trace->push_back(
        {layer_name("decoder", i, "self_attn"), weights.self, Side::target, Side::target});
    trace->push_back(
        {layer_name("decoder", i, "multihead_attn"), weights.source, Side::target, Side::source});
  }
  return m.generator(norm(x));
}

class TransformerDecoder final : public Decoder {
 public:
  TransformerDecoder(const Transformer& model, const Tensor& source, const Tensor& keep)
      : model_(model),
        source_(encode(model, source, keep, nullptr)),
        caches_(model.transformer.decoder.layers.size()) {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    const Tensor logits = decode(model_, source_, unsqueeze(last, 1), caches_[0].length(), &caches_,
                                 nullptr, &weights_);
    return log_softmax(select(logits, 1, 0));
  }

  Tensor attention() const override {
    NoGrad no_grad;
    // [N, H, K, S], the hypotheses of a sentence asking side by side -> [R, S].
    return reshape(mean(weights_, {1}), {-1, weights_.size(-1)});
  }

  int64_t most_words() const override {
    return model_.target_positions ? model_.config.max_length - 1 : Decoder::most_words();
  }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    NoGrad no_grad;
    const std::vector<int32_t> order = rows.to_vector<int32_t>();
    for (KeyValueCache& cache : caches_) cache.reorder(order);
    if (sentences.size(0) == source_.keep.size(0)) return;
    source_.keep = index_select(source_.keep, 0, sentences);
    for (auto& [key, value] : source_.memory) {
      key = index_select(key, 0, sentences);
      value = index_select(value, 0, sentences);
    }
  }

 private:
  const Transformer& model_;
  Source source_;
  std::vector<KeyValueCache> caches_;
  Tensor weights_;  // of the last step
};

}  // namespace

Tensor Transformer::operator()(const Tensor& source, const Tensor& keep,
                               const Tensor& target) const {
  return decode(*this, encode(*this, source, keep, nullptr), target, 0, nullptr, nullptr);
}

std::vector<AttentionWeights> Transformer::attention_weights(const Tensor& source,
                                                             const Tensor& keep,
                                                             const Tensor& target) const {
  NoGrad no_grad;
  Trace trace;
  decode(*this, encode(*this, source, keep, &trace), target, 0, nullptr, &trace);
  return trace;
}

LengthLimits Transformer::length_limits() const {
  if (config.positions != Positions::learned) return {};
  return {config.max_length, config.max_length};
}

std::unique_ptr<Decoder> Transformer::start_decoder(const Tensor& source,
                                                    const Tensor& keep) const {
  NoGrad no_grad;
  return std::make_unique<TransformerDecoder>(*this, source, keep);
}

}  // namespace heed
