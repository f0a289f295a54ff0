// "Attention is all you need", Vaswani et al. 2017 (arXiv 1706.03762): section 3, in its order.
//
//   paper                        function                         file (if not this one)
//   3.1    Add & Norm            add_and_norm; LayerNorm          layers/norm.cpp
//   3.1    encoder, decoder      operator() of the layers and stacks; Transformer::encode; decode
//   3.2.1  eq. (1)               scaled_dot_product_attention     layers/scaled_dot_product.cpp
//   3.2.2  MultiHead             MultiHeadAttention               layers/multi_head_attention.cpp
//   3.2.3  its three uses        encoder_decoder_attention
//                                MultiHeadAttention::self         layers/multi_head_attention.cpp
//   3.2.3  no look ahead         causal_keep                      layers/multi_head_attention.cpp
//   3.3    eq. (2)               FeedForward                      layers/feed_forward.cpp
//   3.4    embeddings            embed; Embedding                 layers/embedding.cpp
//   3.4    one matrix of three   Transformer::Transformer         models/transformer_weights.cpp
//   3.4    softmax               cross_entropy in training        core/losses.cpp
//                                start_decoder in search          models/transformer_decoder.cpp
//   3.5    positions             SinusoidalPositions              layers/positions.cpp
//   5.3    eq. (3)               Schedule::noam                   optim/schedules.cpp
//   5.4    residual dropout      Dropout                          layers/dropout.cpp
//   Table 3, base                TransformerConfig                models/transformer_config.hpp
//
// Where heed differs from the paper. Always, as torch.nn.Transformer or its parts do:
//  1. Encoder and decoder end in one more layer normalisation, each.
//  2. The projections of an attention, W_Q, W_K, W_V and W_O, have biases; the generator too, also
//     where its weights are an embedding's.
//  3. Dropout acts inside the feed-forward networks as well, after the activation (`dropout`).
//  4. LayerNorm adds eps = 1e-5 to the variance.
//  5. d_k = d_v = D / H: rows (B) of Table 3 cannot be had.
//  6. Padding of the source is masked in every attention, a query that sees no word at all gets
//     zeros. The padding's embedding starts zero.
//  7. First values, of which the paper says nothing: embeddings and learned positions normal with
//     variance 1 / D, matrices Xavier uniform (W_Q, W_K and W_V as one matrix; the tables of
//     relative positions as well), biases zero but for those of linear1 and linear2, uniform in
//     +-1 / sqrt(their inputs).
// By a key of the configuration; the defaults are the paper's but for the first:
//  8. tie = none: three matrices; target: two of them are one; all: the paper's one (3.4).
//  9. norm = post; pre: LayerNorm before the sub-layer and not after the sum (most presets).
// 10. activation = relu; gelu, swish: others in eq. (2).
// 11. positions = sinusoidal; learned: row (E) of Table 3, for max_length words; relative, rotary,
//     alibi: inside the self-attentions, and nothing is added to the embeddings.
// 12. attention_dropout = 0; more: attention weights are dropped, too.
// 13. kv_heads = 0, as many as heads; fewer: heads share keys and values.
// 14. window = 0, the whole text; more: self-attention sees words so near alone.
// 15. encoder_layers, decoder_layers: the paper's N, twice; source_vocab and target_vocab, too.
// `--preset paper` has every number of the paper, also for training and search.
//
// Letters of shapes: B sentences, S source and T target words, D d_model, H heads, K = D / H, G
// kv_heads, V target_vocab. In decode: N sentences, R hypotheses of them, n words more for each.
#include "transformer.hpp"

#include <cmath>

#include "../core/error.hpp"
#include "../core/operations.hpp"
#include "../layers/check.hpp"

namespace heed {

// 3.1, "Encoder and Decoder Stacks".

namespace {

/// What a sub-layer reads: x; with norm = pre LayerNorm(x).
template <class Layer>
Tensor sublayer_input(const Layer& m, const LayerNorm& norm, const Tensor& x) {
  return m.config.norm == NormPlace::pre ? norm(x) : x;
}

/// "Add & Norm" of Figure 1, LayerNorm(x + Sublayer(x)), with 5.4's dropout on Sublayer(x); with
/// norm = pre no LayerNorm here.
template <class Layer>
Tensor add_and_norm(const Layer& m, const LayerNorm& norm, const Tensor& x,
                    const Tensor& sublayer) {
  const Tensor sum = m.dropout.add(x, sublayer);
  return m.config.norm == NormPlace::post ? norm(sum) : sum;
}

// 3.2.3, below.
Attended encoder_decoder_attention(const MultiHeadAttention& attention, const Tensor& h,
                                   const TransformerDecoderLayer::Context& context);

/// Words join all layers or none.
using UndoneLayers = Pooled<KeyValueCache::UndoOnError>;

/// A cache for each layer of a new target. `ShapeError` unless source and target are those of a
/// decoder of so many layers.
void prepare_layers(std::size_t layers, const Transformer::Source& source,
                    Transformer::Target& target) {
  for (const KeyValueCache& cache : target.layers) {
    if (cache.length() == target.length()) continue;
    throw ShapeError("Transformer: the target so far has " + std::to_string(target.length()) +
                     " words in its first layer and " + std::to_string(cache.length()) +
                     " in another; expected what decode leaves");
  }
  const bool fits = target.layers.empty() || target.layers.size() == layers;
  if (fits && source.memory.size() == layers) return target.layers.resize(layers);
  throw ShapeError("Transformer: the decoder has " + std::to_string(layers) +
                   " layers, the source " + std::to_string(source.memory.size()) +
                   " and the target so far " + std::to_string(target.layers.size()) +
                   "; expected what encode gives, and a new target or one of this model");
}

}  // namespace

// "Encoder": two sub-layers, self-attention (3.2.3, its second use) and feed-forward network.
TransformerEncoderLayer::Output TransformerEncoderLayer::operator()(const Tensor& x,
                                                                    const Tensor& keep,
                                                                    const Tensor& bias) const {
  const Attended self = self_attn.self(sublayer_input(*this, norm1, x), keep, bias);
  const Tensor y = add_and_norm(*this, norm1, x, self.context);      // [B, S, D]
  const Tensor ffn = feed_forward(sublayer_input(*this, norm2, y));  // 3.3, eq. (2)
  return {add_and_norm(*this, norm2, y, ffn), self.weights};
}

// "Decoder": three, masked self-attention (3.2.3, third use), attention over the encoder's output
// (3.2.3, first use) and feed-forward network.
TransformerDecoderLayer::Output TransformerDecoderLayer::operator()(const Tensor& x,
                                                                    const Context& context,
                                                                    KeyValueCache& before) const {
  const KeyValueCache::UndoOnError undo(before);
  const Attended self = self_attn.self(sublayer_input(*this, norm1, x), context.target_keep, before,
                                       context.target_bias);
  const Tensor y = add_and_norm(*this, norm1, x, self.context);  // [R, n, D]
  const Attended source =
      encoder_decoder_attention(multihead_attn, sublayer_input(*this, norm2, y), context);
  const Tensor z = add_and_norm(*this, norm2, y, source.context);    // [R, n, D]
  const Tensor ffn = feed_forward(sublayer_input(*this, norm3, z));  // 3.3, eq. (2)
  return {add_and_norm(*this, norm3, z, ffn), self.weights, source.weights};
}

// "The encoder is composed of a stack of N = 6 identical layers"; so is the decoder.
Tensor TransformerEncoder::operator()(const Tensor& x, const Tensor& keep,
                                      const Tensor& bias) const {
  require_layers("TransformerEncoder", layers);
  Tensor y = x;  // [B, S, D]
  for (const TransformerEncoderLayer& layer : layers) y = layer(y, keep, bias).y;
  return norm ? (*norm)(y) : y;
}

Tensor TransformerDecoder::operator()(const Tensor& x, const Tensor& memory,
                                      const Tensor& target_keep, const Tensor& source_keep,
                                      const Tensor& target_bias, const Tensor& source_bias) const {
  require_layers("TransformerDecoder", layers);
  Tensor y = x;  // [B, T, D]
  for (const TransformerDecoderLayer& layer : layers) {
    y = layer(y, {.source = layer.multihead_attn.project(memory),
                  .target_keep = target_keep,
                  .source_keep = source_keep,
                  .target_bias = target_bias,
                  .source_bias = source_bias})
            .y;
  }
  return norm ? (*norm)(y) : y;
}

// The left of Figure 1.
Transformer::Source Transformer::encode(const Tensor& source, const Tensor& keep) const {
  check_source("Transformer", source, keep);
  const Tensor x = transformer.encoder(embed(Side::source, source), keep);  // [N, S, D]
  Source result{keep, {}};
  for (const TransformerDecoderLayer& layer : transformer.decoder.layers) {
    result.memory.push_back(layer.multihead_attn.project(x));  // once for all target words
  }
  return result;
}

// The right of Figure 1.
Transformer::DecoderStates Transformer::decoder_states(const Source& source, Target& so_far,
                                                       const Tensor& words) const {
  const auto& layers = transformer.decoder.layers;
  prepare_layers(layers.size(), source, so_far);
  const UndoneLayers undo(so_far.layers.begin(), so_far.layers.end());
  const int64_t n = words.size(1), first = so_far.length();
  // 3.2.3: no word sees those after it, [1, n, first + n]; one by itself has none after it.
  const Tensor keep = n > 1 ? causal_keep(n, first + n) : Tensor();
  Tensor x = embed(Side::target, words, first);  // [R, n, D]
  LazyWeights weights;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto output = layers[i](x, {source.memory[i], keep, source.keep}, so_far.layers[i]);
    x = output.y;
    if (i + 1 == layers.size()) weights = output.source_weights;  // those before are not held
  }
  return {(*transformer.decoder.norm)(x), weights};  // [R, n, D]
}

// Then the logits by 3.4's "learned linear transformation".
Transformer::Decoded Transformer::decode(const Source& source, Target& so_far,
                                         const Tensor& words) const {
  prepare_layers(transformer.decoder.layers.size(), source, so_far);
  const UndoneLayers undo(so_far.layers.begin(), so_far.layers.end());
  const DecoderStates states = decoder_states(source, so_far, words);
  return {generator(states.y), states.source_weights};  // [R, n, V]
}

namespace {

// The hypotheses of a sentence ask side by side: [R, n, D] -> [N, (R / N) n, D].
Tensor asking(const Tensor& h, const TransformerDecoderLayer::Context& in) {
  const Tensor& key = in.source.key;
  const bool fits = h.defined() && h.rank() == 3 && key.defined() && key.rank() == 4;
  if (!fits) return h;  // the attention says what it expects
  const int64_t N = key.size(0), R = h.size(0);
  if (R == N) return h;
  check_texts("Transformer", R, N);
  return reshape(h, {N, R / N * h.size(1), h.size(2)});
}

// 3.2.3, "encoder-decoder attention": the queries h come from the decoder, keys and values from the
// encoder.
Attended encoder_decoder_attention(const MultiHeadAttention& attention, const Tensor& h,
                                   const TransformerDecoderLayer::Context& in) {
  const auto [context, weights] =
      attention(asking(h, in), in.source, in.source_keep, in.source_bias);
  return {reshape(context, h.shape()), weights};
}

}  // namespace

// 3.4, "Embeddings and Softmax": "in the embedding layers, we multiply those weights by sqrt(D)".
// 3.5, "Positional Encoding": those of the places from `first` on are added; 5.4: dropout.
Tensor Transformer::embed(Side side, const Tensor& words, int64_t first) const {
  const auto& learned = side == Side::source ? source_positions : target_positions;
  const int64_t T = words.size(1);
  Tensor x = (side == Side::source ? source_embedding : target_embedding)(words);  // [B, T, D]
  x = x * std::sqrt(static_cast<double>(config.d_model));
  if (config.positions == Positions::sinusoidal) x = x + sinusoids(first, T, x.dtype());
  if (learned) x = x + (*learned)(first, T);
  return dropout(x);
}

// Figure 1: the target, "shifted right" by its <s>, read at once.
Tensor Transformer::operator()(const Tensor& source, const Tensor& keep,
                               const Tensor& target) const {
  return generator(hidden(source, keep, target));  // [B, T, V]
}

Tensor Transformer::hidden(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  Target so_far;
  return decoder_states(encode(source, keep), so_far, target).y;  // [B, T, D]
}

}  // namespace heed
