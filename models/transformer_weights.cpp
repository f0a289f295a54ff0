// The Transformer's weights: their shapes, names, ties and first values.
#include "transformer.hpp"

#include <cmath>

#include "../core/error.hpp"
#include "../layers/check.hpp"
#include "../layers/initializers.hpp"
#include "text/vocabulary.hpp"

namespace heed {

namespace {

/// Of a text to another one.
MultiHeadAttentionConfig attention(const TransformerLayerConfig& c) {
  return {.size = c.d_model,
          .heads = c.heads,
          .dropout = c.attention_dropout,
          .kv_heads = c.kv_heads,
          .bias = c.bias};
}

/// Of a text to itself.
MultiHeadAttentionConfig self_attention(const TransformerLayerConfig& c) {
  MultiHeadAttentionConfig sizes = attention(c);
  sizes.window = c.window;
  sizes.positions = c.positions;
  return sizes;
}

FeedForwardConfig feed_forward_sizes(const TransformerLayerConfig& c) {
  return {c.d_model, c.feed_forward, c.activation, c.dropout, c.bias};
}

LayerNorm norm_of(const TransformerLayerConfig& c) {
  return LayerNorm(c.d_model, c.layer_norm_eps, true, c.bias);
}

template <class Layer>
std::vector<Layer> layers_of(const char* stack, const TransformerStackConfig& c) {
  positive(stack, "layers", c.layers);
  std::vector<Layer> layers;
  for (int64_t i = 0; i < c.layers; ++i) layers.emplace_back(c.layer);
  return layers;
}

std::optional<LayerNorm> last_norm(const TransformerStackConfig& c) {
  return c.last_norm ? std::optional(norm_of(c.layer)) : std::nullopt;
}

SelfPositions self_positions(Positions positions) {
  switch (positions) {
    case Positions::relative:
      return SelfPositions::relative;
    case Positions::rotary:
      return SelfPositions::rotary;
    case Positions::alibi:
      return SelfPositions::alibi;
    default:
      return SelfPositions::none;
  }
}

/// So many layers of the model's sizes.
TransformerStackConfig stack(int64_t layers, const TransformerConfig& c) {
  return {.layer = {.d_model = c.d_model,
                    .heads = c.heads,
                    .feed_forward = c.feed_forward,
                    .dropout = c.dropout,
                    .attention_dropout = c.attention_dropout,
                    .norm = c.norm,
                    .activation = c.activation,
                    .positions = self_positions(c.positions),
                    .window = c.window,
                    .kv_heads = c.kv_heads},
          .layers = layers};
}

std::optional<LearnedPositions> learned_positions(const TransformerConfig& c) {
  if (c.positions != Positions::learned) return std::nullopt;
  return LearnedPositions(c.max_length, c.d_model);
}

TransformerConfig checked(const TransformerConfig& c) {
  if (c.encoder_layers < 1 || c.decoder_layers < 1) {
    throw ConfigError("Transformer: " + std::to_string(c.encoder_layers) + " encoder and " +
                      std::to_string(c.decoder_layers) + " decoder layers, expected at least 1");
  }
  if (c.tie == Tie::all && c.source_vocab != c.target_vocab) {
    throw ConfigError("Transformer: tie = all needs one vocabulary, but source_vocab is " +
                      std::to_string(c.source_vocab) + " and target_vocab " +
                      std::to_string(c.target_vocab));
  }
  return c;
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(const TransformerLayerConfig& c)
    : config(c),
      self_attn(self_attention(c)),
      feed_forward(feed_forward_sizes(c)),
      norm1(norm_of(c)),
      norm2(norm_of(c)),
      dropout(c.dropout) {}

void TransformerEncoderLayer::members(Members& m) {
  m("self_attn", self_attn);
  feed_forward.members(m);  // linear1, linear2: PyTorch has them among the layer's own
  m("norm1", norm1)("norm2", norm2)("dropout", dropout);
}

TransformerDecoderLayer::TransformerDecoderLayer(const TransformerLayerConfig& c)
    : config(c),
      self_attn(self_attention(c)),
      multihead_attn(attention(c)),
      feed_forward(feed_forward_sizes(c)),
      norm1(norm_of(c)),
      norm2(norm_of(c)),
      norm3(norm_of(c)),
      dropout(c.dropout) {}

void TransformerDecoderLayer::members(Members& m) {
  m("self_attn", self_attn)("multihead_attn", multihead_attn);
  feed_forward.members(m);
  m("norm1", norm1)("norm2", norm2)("norm3", norm3)("dropout", dropout);
}

TransformerEncoder::TransformerEncoder(const TransformerStackConfig& c)
    : config(c),
      layers(layers_of<TransformerEncoderLayer>("TransformerEncoder", c)),
      norm(last_norm(c)) {}

TransformerDecoder::TransformerDecoder(const TransformerStackConfig& c)
    : config(c),
      layers(layers_of<TransformerDecoderLayer>("TransformerDecoder", c)),
      norm(last_norm(c)) {}

Transformer::Transformer(const TransformerConfig& c)
    : config(checked(c)),
      source_embedding(c.source_vocab, c.d_model, Vocabulary::pad),
      target_embedding(c.target_vocab, c.d_model, Vocabulary::pad),
      sinusoids(c.d_model),
      source_positions(learned_positions(c)),
      target_positions(learned_positions(c)),
      transformer{TransformerEncoder(stack(c.encoder_layers, c)),
                  TransformerDecoder(stack(c.decoder_layers, c))},
      generator(c.d_model, c.target_vocab),
      dropout(c.dropout) {
  // 3.4: embeddings are multiplied by sqrt(D), so that they start with variance 1 / D.
  for (Embedding* embedding : {&source_embedding, &target_embedding}) {
    init::normal(embedding->weight, 1 / std::sqrt(static_cast<double>(c.d_model)));
    init::zeros(Tensor(embedding->weight.array().select(0, Vocabulary::pad)));
  }
  for (const Tensor& weight : parameters(transformer)) {
    if (weight.rank() == 2) init::xavier_uniform(weight);
  }
  init::xavier_uniform(generator.weight);
  init::zeros(generator.bias);
  if (c.tie == Tie::all) target_embedding.weight = source_embedding.weight.share();
  if (c.tie != Tie::none) generator.weight = target_embedding.weight.share();
}

void Transformer::members(Members& m) {
  m("source_embedding", source_embedding)("target_embedding", target_embedding);
  m("source_positions", source_positions)("target_positions", target_positions);
  m("transformer", transformer)("generator", generator)("dropout", dropout);
}

}  // namespace heed
