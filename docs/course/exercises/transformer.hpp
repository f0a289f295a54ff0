#pragma once

#include "gru.hpp"
#include "multi_head.hpp"

/// Chapter 14: a translator of nothing but attention and small networks. Vaswani et al. 2017,
/// section 3, in its order.
namespace course {

// [norm]
/// Layer normalisation, normalize(x) weight + bias. x: [..., D], weight and bias: [D].
struct LayerNorm {
  Tensor weight, bias;
  Tensor operator()(const Tensor& x) const;
};
// [/norm]

/// sqrt(variance + epsilon) of n numbers; the variance is the mean of (x - mean)^2.
inline double deviation(const double* x, int64_t n, double mean, double epsilon) {
  double squares = 0;
  for (int64_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return std::sqrt(squares / static_cast<double>(n) + epsilon);
}

inline double mean_of(const double* x, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += x[i];
  return total / static_cast<double>(n);
}

/// y = (x - mean) / s with s = sqrt(variance + epsilon), each row along the last axis by itself.
/// Ba, Kiros and Hinton 2016, section 3.
inline Tensor normalize(const Tensor& x, double epsilon = 1e-5) {
  // `map_rows` goes through the rows; mean and s depend on all numbers of a row:
  // d x = (g - mean(g) - y mean(g y)) / s
  BLANK;
}

inline Tensor LayerNorm::operator()(const Tensor& x) const { return normalize(x) * weight + bias; }

// [layers]
/// Section 3.3: the same two-layer network at each place. linear1 [F, D], linear2 [D, F].
struct FeedForward {
  Tensor linear1_weight, linear1_bias, linear2_weight, linear2_bias;
};

/// Section 3.1: "Encoder".
struct EncoderLayer {
  MultiHead self_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2;
};

/// Section 3.1: "Decoder". multihead_attn attends to the source.
struct DecoderLayer {
  MultiHead self_attn, multihead_attn;
  FeedForward feed_forward;
  LayerNorm norm1, norm2, norm3;
};

/// Figure 1. The generator makes logits of the V words of the target from D numbers.
struct Transformer {
  Tensor source_embedding, target_embedding;  ///< [V, D] of each language
  std::vector<EncoderLayer> encoder;
  LayerNorm encoder_norm;
  std::vector<DecoderLayer> decoder;
  LayerNorm decoder_norm;
  Tensor generator_weight, generator_bias;  ///< [V, D], [V]
};
// [/layers]

/// FFN(x) = max(0, x W_1 + b_1) W_2 + b_2. Section 3.3, eq. (2).
inline Tensor feed_forward(const FeedForward& m, const Tensor& x) {
  // `linear`, `relu`, `linear`
  BLANK;
}

/// PE[p, 2i] = sin(p / 10000^(2i / D)), PE[p, 2i + 1] = cos(p / 10000^(2i / D)): [T, D]. 3.5.
inline Array positions(int64_t T, int64_t D) {
  // an even number and the odd one behind it are sine and cosine of the same angle
  BLANK;
}

/// What the first layers read, [B, S, D]: the rows of weight [V, D] times sqrt(D) (section 3.4),
/// plus the positions (section 3.5).
inline Tensor embedded(const Sentences& words, const Tensor& weight) {
  // `embedding` gives [B S, D]; only the rows are multiplied
  BLANK;
}

/// [T, T]: 1 where word t may look at word s, which is where s <= t. Section 3.2.3.
inline Array causal_keep(int64_t T) {
  // a word sees those before it and itself
  BLANK;
}

/// x [B, S, D], keep broadcasts to [B, H, S, S]. Section 3.1: LayerNorm(x + Sublayer(x)), twice.
inline Tensor encoder_layer(const EncoderLayer& m, const Tensor& x, const Array& keep) {
  // self-attention: queries, keys and values are all x. Then the feed-forward network
  BLANK;
}

/// x [B, T, D], memory [B, S, D], what the encoder made; target_keep broadcasts to [B, H, T, T],
/// source_keep to [B, H, T, S]. Section 3.1: three sub-layers.
inline Tensor decoder_layer(const DecoderLayer& m, const Tensor& x, const Tensor& memory,
                            const Array& target_keep, const Array& source_keep) {
  // self-attention, attention to the memory, feed-forward; each with its own norm
  BLANK;
}

/// keep [B, S] of the words of each sentence, as a mask for all heads and queries.
inline Array keep_of_words(const Sentences& words) {
  return reshape(words.keep, {words.B, 1, 1, words.S});
}

/// The left of Figure 1: [B, S, D].
inline Tensor encode(const Transformer& m, const Sentences& source) {
  // no word looks at padding; after the last layer comes encoder_norm
  BLANK;
}

/// The right of Figure 1: logits of the word after each word of the target, [B, T, V]. target: what
/// has been written so far, from the begin symbol on.
inline Tensor decode(const Transformer& m, const Tensor& memory, const Sentences& source,
                     const Sentences& target) {
  // no word looks at those after it; padding at a target's end is behind its words, and
  // needs no mask of its own. Then decoder_norm and the generator
  BLANK;
}

// [make]
/// Makes the weight of a name and a shape. Names are those of heed and PyTorch.
using Make = std::function<Tensor(const std::string& name, const Shape& shape)>;

struct TransformerSizes {
  int64_t source_vocab = 0, target_vocab = 0;
  int64_t D = 32, heads = 4, layers = 1, F = 64;
};
// [/make]

inline LayerNorm make_norm(const std::string& name, int64_t D, const Make& make) {
  return {make(name + ".weight", {D}), make(name + ".bias", {D})};
}

inline MultiHead make_attention(const std::string& name, const TransformerSizes& s,
                                const Make& make) {
  const int64_t D = s.D;
  return {s.heads, make(name + ".in_proj_weight", {3 * D, D}),
          make(name + ".in_proj_bias", {3 * D}), make(name + ".out_proj.weight", {D, D}),
          make(name + ".out_proj.bias", {D})};
}

inline FeedForward make_feed_forward(const std::string& name, const TransformerSizes& s,
                                     const Make& make) {
  return {make(name + ".linear1.weight", {s.F, s.D}), make(name + ".linear1.bias", {s.F}),
          make(name + ".linear2.weight", {s.D, s.F}), make(name + ".linear2.bias", {s.D})};
}

inline EncoderLayer make_encoder_layer(const std::string& name, const TransformerSizes& s,
                                       const Make& make) {
  return {make_attention(name + ".self_attn", s, make), make_feed_forward(name, s, make),
          make_norm(name + ".norm1", s.D, make), make_norm(name + ".norm2", s.D, make)};
}

inline DecoderLayer make_decoder_layer(const std::string& name, const TransformerSizes& s,
                                       const Make& make) {
  return {make_attention(name + ".self_attn", s, make),
          make_attention(name + ".multihead_attn", s, make),
          make_feed_forward(name, s, make),
          make_norm(name + ".norm1", s.D, make),
          make_norm(name + ".norm2", s.D, make),
          make_norm(name + ".norm3", s.D, make)};
}

inline Transformer make_transformer(const TransformerSizes& s, const Make& make) {
  Transformer m;
  m.source_embedding = make("source_embedding.weight", {s.source_vocab, s.D});
  m.target_embedding = make("target_embedding.weight", {s.target_vocab, s.D});
  for (int64_t i = 0; i < s.layers; ++i) {
    const std::string name = "transformer.encoder.layers." + std::to_string(i);
    m.encoder.push_back(make_encoder_layer(name, s, make));
  }
  m.encoder_norm = make_norm("transformer.encoder.norm", s.D, make);
  for (int64_t i = 0; i < s.layers; ++i) {
    const std::string name = "transformer.decoder.layers." + std::to_string(i);
    m.decoder.push_back(make_decoder_layer(name, s, make));
  }
  m.decoder_norm = make_norm("transformer.decoder.norm", s.D, make);
  m.generator_weight = make("generator.weight", {s.target_vocab, s.D});
  m.generator_bias = make("generator.bias", {s.target_vocab});
  return m;
}

/// A model to train, and all its weights. Embeddings begin with variance 1 / D, other matrices as
/// `xavier` makes them, the weights of norms with 1, biases with 0.
inline Transformer new_transformer(const TransformerSizes& s, uint64_t seed,
                                   std::vector<Tensor>& all) {
  std::mt19937_64 bits(seed);
  return make_transformer(s, [&](const std::string& name, const Shape& shape) {
    const bool embeds = name.find("embedding") != std::string::npos;
    const bool norm = name.find("norm") != std::string::npos;
    Tensor w = variable(full(shape, norm && name.find("weight") != std::string::npos ? 1 : 0));
    if (shape.size() == 2) w = xavier(shape[0], shape[1], bits);
    if (embeds) {
      const double factor = std::sqrt(static_cast<double>(shape[0] + shape[1]) / (2.0 * shape[1]));
      w = variable(map(w.value(), [factor](double x) { return factor * x; }));
    }
    all.push_back(w);
    return w;
  });
}

}  // namespace course
