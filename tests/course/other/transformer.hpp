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
  // blank: `map_rows` goes through the rows; mean and s depend on all numbers of a row:
  // blank: d x = (g - mean(g) - y mean(g y)) / s
  const double n = static_cast<double>(x.shape().back());
  const int64_t last = static_cast<int64_t>(x.shape().size()) - 1;
  const auto centred = [n, last](const Array& a) {
    const Array mean = map(sum_to(a,
                                  [&] {
                                    Shape one = a.shape;
                                    one[last] = 1;
                                    return one;
                                  }()),
                           [n](double total) { return total / n; });
    return map(a, contiguous(broadcast_to(mean, a.shape)),
               [](double v, double m) { return v - m; });
  };
  const auto product = [](double a, double b) { return a * b; };
  const Array c = centred(x.value());
  Shape one = x.shape();
  one[last] = 1;
  const Array squares = sum_to(map(c, c, product), one);
  const Array factor = contiguous(broadcast_to(
      map(squares, [&](double v) { return std::pow(v / n + epsilon, -0.5); }), x.shape()));
  const Array y = map(c, factor, product);
  return record(y, {x}, [=](const Array& g) {
    const Array along = contiguous(broadcast_to(sum_to(map(g, y, product), one), g.shape));
    const Array rest =
        map(centred(g), map(y, along, product), [n](double a, double b) { return a - b / n; });
    give(x, map(rest, factor, product));
  });
  // end
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
  // blank: `linear`, `relu`, `linear`
  const Tensor inner = matmul(x, transpose(m.linear1_weight, 0, 1)) + m.linear1_bias;
  return matmul(relu(inner), transpose(m.linear2_weight, 0, 1)) + m.linear2_bias;
  // end
}

/// PE[p, 2i] = sin(p / 10000^(2i / D)), PE[p, 2i + 1] = cos(p / 10000^(2i / D)): [T, D]. 3.5.
inline Array positions(int64_t T, int64_t D) {
  // blank: an even number and the odd one behind it are sine and cosine of the same angle
  std::vector<double> table;
  for (int64_t p = 0; p < T; ++p) {
    for (int64_t i = 0; 2 * i < D; ++i) {
      const double angle = p * std::exp(-std::log(10000.0) * 2 * i / D);
      table.push_back(std::sin(angle));
      table.push_back(std::cos(angle));
    }
  }
  return array({T, D}, table);
  // end
}

/// What the first layers read, [B, S, D]: the rows of weight [V, D] times sqrt(D) (section 3.4),
/// plus the positions (section 3.5).
inline Tensor embedded(const Sentences& words, const Tensor& weight) {
  // blank: `embedding` gives [B S, D]; only the rows are multiplied
  const double D = static_cast<double>(weight.shape()[1]);
  const Tensor rows = embedding(words.ids, std::sqrt(D) * weight);
  const Tensor table = constant(positions(words.S, weight.shape()[1]));
  return reshape(rows, {words.B, words.S, weight.shape()[1]}) + table;
  // end
}

/// [T, T]: 1 where word t may look at word s, which is where s <= t. Section 3.2.3.
inline Array causal_keep(int64_t T) {
  // blank: a word sees those before it and itself
  std::vector<double> keep;
  for (int64_t i = 0; i < T * T; ++i) keep.push_back(i % T <= i / T ? 1 : 0);
  return array({T, T}, keep);
  // end
}

/// x [B, S, D], keep broadcasts to [B, H, S, S]. Section 3.1: LayerNorm(x + Sublayer(x)), twice.
inline Tensor encoder_layer(const EncoderLayer& m, const Tensor& x, const Array& keep) {
  // blank: self-attention: queries, keys and values are all x. Then the feed-forward network
  Tensor y = m.self_attn(x, x, x, keep).context;
  y = m.norm1(y + x);
  Tensor z = feed_forward(m.feed_forward, y);
  return m.norm2(z + y);
  // end
}

/// x [B, T, D], memory [B, S, D], what the encoder made; target_keep broadcasts to [B, H, T, T],
/// source_keep to [B, H, T, S]. Section 3.1: three sub-layers.
inline Tensor decoder_layer(const DecoderLayer& m, const Tensor& x, const Tensor& memory,
                            const Array& target_keep, const Array& source_keep) {
  // blank: self-attention, attention to the memory, feed-forward; each with its own norm
  const auto add_and_norm = [](const LayerNorm& norm, const Tensor& a, const Tensor& b) {
    return norm(a + b);
  };
  Tensor y = add_and_norm(m.norm1, x, m.self_attn(x, x, x, target_keep).context);
  y = add_and_norm(m.norm2, y, m.multihead_attn(y, memory, memory, source_keep).context);
  return add_and_norm(m.norm3, y, feed_forward(m.feed_forward, y));
  // end
}

/// keep [B, S] of the words of each sentence, as a mask for all heads and queries.
inline Array keep_of_words(const Sentences& words) {
  return reshape(words.keep, {words.B, 1, 1, words.S});
}

/// The left of Figure 1: [B, S, D].
inline Tensor encode(const Transformer& m, const Sentences& source) {
  // blank: no word looks at padding; after the last layer comes encoder_norm
  const Array keep = keep_of_words(source);
  std::vector<Tensor> made = {embedded(source, m.source_embedding)};
  for (const EncoderLayer& layer : m.encoder)
    made.push_back(encoder_layer(layer, made.back(), keep));
  return m.encoder_norm(made.back());
  // end
}

/// The right of Figure 1: logits of the word after each word of the target, [B, T, V]. target: what
/// has been written so far, from the begin symbol on.
inline Tensor decode(const Transformer& m, const Tensor& memory, const Sentences& source,
                     const Sentences& target) {
  // blank: no word looks at those after it; padding at a target's end is behind its words, and
  // blank: needs no mask of its own. Then decoder_norm and the generator
  const Array seen = reshape(causal_keep(target.S), {1, 1, target.S, target.S});
  Tensor x = embedded(target, m.target_embedding);
  for (std::size_t i = 0; i < m.decoder.size(); ++i) {
    x = decoder_layer(m.decoder[i], x, memory, seen, keep_of_words(source));
  }
  x = m.decoder_norm(x);
  return matmul(x, transpose(m.generator_weight, 0, 1)) + m.generator_bias;
  // end
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
