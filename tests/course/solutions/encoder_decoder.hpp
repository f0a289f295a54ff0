#pragma once

#include <random>

#include "gru.hpp"

/// Chapter 10: a sentence into one vector, and a sentence out of it.
namespace course {

// [sizes]
/// V words on each side, D numbers for a word, n for a state, L for the read-out.
struct Sizes {
  int64_t source_V = 0, target_V = 0, D = 0, n = 0, L = 0;
};

/// A parameter by its name, with its shape.
struct Parameter {
  std::string name;
  Tensor* tensor;
  Shape shape;
};
// [/sizes]

// [model]
struct EncoderDecoder {
  Tensor source_embedding, target_embedding;  // [V, D]
  GRU forward, backward;                      // read the source: inputs D
  Tensor initial_weight, initial_bias;        // W_s [n, n], [n]: makes s_0
  GRU decoder;                                // inputs D + 2n: [E y_{i-1}; c]
  Tensor readout_weight, readout_bias;        // U_o [2L, n + 2n + D], [2L]
  Tensor generator_weight, generator_bias;    // W_o [V, L], [V]
};
// [/model]

/// Every parameter of a GRU with its name and shape, added to a list.
inline void list(std::vector<Parameter>& all, const std::string& name, const std::string& end,
                 GRU& gru, int64_t inputs, int64_t n) {
  all.push_back({name + "weight_ih" + end, &gru.weight_ih, {3 * n, inputs}});
  all.push_back({name + "weight_hh" + end, &gru.weight_hh, {3 * n, n}});
  all.push_back({name + "bias_ih" + end, &gru.bias_ih, {3 * n}});
  all.push_back({name + "bias_hh" + end, &gru.bias_hh, {3 * n}});
}

/// Every parameter of a model, under the name that heed gives it.
inline std::vector<Parameter> parameters(EncoderDecoder& m, const Sizes& s) {
  std::vector<Parameter> all;
  all.push_back({"source_embedding.weight", &m.source_embedding, {s.source_V, s.D}});
  all.push_back({"target_embedding.weight", &m.target_embedding, {s.target_V, s.D}});
  list(all, "encoder.", "_l0", m.forward, s.D, s.n);
  list(all, "encoder.", "_l0_reverse", m.backward, s.D, s.n);
  all.push_back({"initial.weight", &m.initial_weight, {s.n, s.n}});
  all.push_back({"initial.bias", &m.initial_bias, {s.n}});
  list(all, "decoder.cell.", "", m.decoder, s.D + 2 * s.n, s.n);
  all.push_back({"readout.weight", &m.readout_weight, {2 * s.L, 3 * s.n + s.D}});
  all.push_back({"readout.bias", &m.readout_bias, {2 * s.L}});
  all.push_back({"generator.weight", &m.generator_weight, {s.target_V, s.L}});
  all.push_back({"generator.bias", &m.generator_bias, {s.target_V}});
  return all;
}

/// Draws the parameters from a seed: matrices between -1/sqrt(columns) and 1/sqrt(columns),
/// embeddings between -1 and 1, biases 0. Returns them, for Adam.
inline std::vector<Tensor> draw(const std::vector<Parameter>& all, uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<Tensor> drawn;
  for (const Parameter& one : all) {
    const bool bias = one.shape.size() == 1, words = one.name.find("embedding") < one.name.size();
    const double width = bias ? 0 : words ? 1 : 1 / std::sqrt(double(one.shape.back()));
    std::vector<double> numbers(count(one.shape));
    for (double& v : numbers) v = width * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
    drawn.push_back(*one.tensor = variable(array(one.shape, std::move(numbers))));
  }
  return drawn;
}

/// The vectors of all words: [B, S, D].
inline Tensor embed(const Sentences& x, const Tensor& weight) {
  return reshape(embedding(x.ids, weight), {x.B, x.S, weight.shape()[1]});
}

// [encoded]
/// What the encoder leaves: one vector c [B, 2n], and the decoder's first state s_0 [B, n].
struct Encoded {
  Tensor c, s_0;
};
// [/encoded]

/// Reads the source in both directions.
inline Encoded encode(const EncoderDecoder& m, const Sentences& source) {
  // blank: c = [state after the last word; backward state after the first word], s_0 = tanh(W_s
  // blank: backward state + bias). Both nets start from zeros
  const Tensor x = embed(source, m.source_embedding);  // [B, S, D]
  const Tensor zero = constant(zeros({source.B, m.forward.weight_hh.shape()[1]}));
  const Tensor right = gru_sequence(m.forward, x, zero, source.keep);
  const Tensor left = gru_sequence(m.backward, x, zero, source.keep, true);
  const Tensor last = select(right, 1, source.S - 1), first = select(left, 1, 0);  // [B, n]
  return {cat({last, first}, 1), tanh(linear(first, m.initial_weight, m.initial_bias))};
  // end
}

/// One word on: y = E y_{i-1} [B, D], c [B, 2n], s_{i-1} [B, n] -> s_i [B, n].
inline Tensor decoder_step(const EncoderDecoder& m, const Tensor& y, const Tensor& c,
                           const Tensor& s) {
  // blank: a GRU whose input is [y; c]
  const GRU& gru = m.decoder;
  const Tensor gates_x = linear(cat({y, c}, 1), gru.weight_ih, gru.bias_ih);
  return gru_step(gates_x, linear(s, gru.weight_hh, gru.bias_hh), s);
  // end
}

/// The larger one of each two neighbours: x [B, 2L] -> [B, L], t_j = max(x_{2j}, x_{2j+1}).
inline Tensor maxout(const Tensor& x) {
  // blank: the gradient goes to the larger one alone, and of two equal ones to one, the first
  const int64_t n = x.shape().back() / 2, B = x.shape()[0];
  const Array v = contiguous(x.value()), y = zeros({B, n});
  std::vector<int64_t> from(B * n);
  for (int64_t i = 0; i < B * n; ++i) {
    from[i] = numbers(v)[2 * i] >= numbers(v)[2 * i + 1] ? 2 * i : 2 * i + 1;
    numbers(y)[i] = numbers(v)[from[i]];
  }
  return record(y, {x}, [x, from](const Array& g) {
    const Array rows = contiguous(g), d = zeros(x.shape());
    for (std::size_t i = 0; i < from.size(); ++i) numbers(d)[from[i]] = numbers(rows)[i];
    give(x, d);
  });
  // end
}

/// Logits of all words to come next: s_i [B, n], c [B, 2n], y = E y_{i-1} [B, D] -> [B, V].
inline Tensor read_out(const EncoderDecoder& m, const Tensor& s, const Tensor& c, const Tensor& y) {
  // blank: t = maxout of a layer on [s; c; y], then the generator's layer
  const Tensor t = maxout(linear(cat({s, c, y}, 1), m.readout_weight, m.readout_bias));
  return linear(t, m.generator_weight, m.generator_bias);
  // end
}

/// Teacher forcing: at step i the decoder reads the right word y_{i-1}, whatever it would have
/// written. before: y_0 (the word that begins every text) to y_{T-1} -> logits [B, T, V].
inline Tensor logits(const EncoderDecoder& m, const Sentences& source, const Sentences& before) {
  // blank: encode once; then step by step a state and its logits
  const Encoded encoded = encode(m, source);
  const Tensor y = embed(before, m.target_embedding);  // [B, T, D]
  Tensor s = encoded.s_0;
  std::vector<Tensor> steps;
  for (int64_t i = 0; i < before.S; ++i) {
    const Tensor y_i = select(y, 1, i);
    s = decoder_step(m, y_i, encoded.c, s);
    steps.push_back(read_out(m, s, encoded.c, y_i));
  }
  return stack(steps, 1);
  // end
}

/// The place of the largest number of each row of [B, V].
inline std::vector<int64_t> best(const Array& logits) {
  const Array rows = contiguous(logits);
  const int64_t B = rows.shape[0], V = rows.shape[1];
  std::vector<int64_t> places(B);
  for (int64_t b = 0; b < B; ++b) {
    const double* row = numbers(rows) + b * V;
    places[b] = std::max_element(row, row + V) - row;
  }
  return places;
}

/// Writes T words for each sentence: at each step the best word, which the next step reads. Returns
/// them row after row, B T.
inline std::vector<int64_t> write(const EncoderDecoder& m, const Sentences& source, int64_t begin,
                                  int64_t T) {
  // blank: as `logits`, but y_{i-1} is what `best` has found; y_0 is `begin`
  const Encoded encoded = encode(m, source);
  Tensor s = encoded.s_0;
  std::vector<int64_t> last(source.B, begin), written(source.B * T);
  for (int64_t i = 0; i < T; ++i) {
    const Tensor y = embedding(last, m.target_embedding);
    s = decoder_step(m, y, encoded.c, s);
    last = best(read_out(m, s, encoded.c, y).value());
    for (int64_t b = 0; b < source.B; ++b) written[b * T + i] = last[b];
  }
  return written;
  // end
}

}  // namespace course
