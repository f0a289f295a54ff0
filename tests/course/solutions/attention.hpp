#pragma once

#include "encoder_decoder.hpp"

/// Chapter 11: soft search. Bahdanau, Cho, Bengio 2014, section 3 and appendix A.
namespace course {

// [model]
/// The encoder-decoder with an alignment model of A numbers: three parameters more.
struct RNNsearch : EncoderDecoder {
  Tensor query_weight;   // W_a [A, n]
  Tensor key_weight;     // U_a [A, 2n]
  Tensor energy_weight;  // v_a [1, A]
};
// [/model]

/// Every parameter, under the name that heed gives it.
inline std::vector<Parameter> parameters(RNNsearch& m, const Sizes& s, int64_t A) {
  std::vector<Parameter> all = parameters(static_cast<EncoderDecoder&>(m), s);
  all.push_back({"attention.query.weight", &m.query_weight, {A, s.n}});
  all.push_back({"attention.key.weight", &m.key_weight, {A, 2 * s.n}});
  all.push_back({"attention.energy.weight", &m.energy_weight, {1, A}});
  return all;
}

// [memory]
/// What is kept of the source: an annotation h_j for each word, [B, S, 2n], U_a h_j as keys
/// [B, S, A], the first state s_0 [B, n], and numbers to add to the scores, mask [B, S], which is
/// not defined before chapter 12.
struct Memory {
  Tensor h, keys, s_0, mask = {};
};

/// What a query finds: the attention weights alpha_ij [B, S], and the context c_i [B, 2n].
struct Found {
  Tensor weights, context;
};
// [/memory]

/// e_j = v^T tanh(query + key_j): query [B, A], keys [B, S, A], v [1, A] -> [B, S]. A.1.2.
inline Tensor additive_scores(const Tensor& query, const Tensor& keys, const Tensor& v) {
  // blank: the query needs an axis for the words, which then broadcasts; v is a `linear` with one
  // blank: output
  const int64_t B = keys.shape()[0], S = keys.shape()[1], A = keys.shape()[2];
  const Tensor inner = tanh(reshape(query, {B, 1, A}) + keys);  // [B, S, A]
  return reshape(linear(inner, v), {B, S});
  // end
}

/// alpha = softmax(e) over the words, c = sum_j alpha_j h_j: e [B, S], h [B, S, C] -> c [B, C].
inline Found attend(const Tensor& e, const Tensor& h) {
  // blank: the sum over words is a product, [B, 1, S] times [B, S, C]
  const int64_t B = h.shape()[0], S = h.shape()[1], C = h.shape()[2];
  const Tensor alpha = softmax(e);
  return {alpha, reshape(matmul(reshape(alpha, {B, 1, S}), h), {B, C})};
  // end
}

/// Reads the source in both directions: h_j = [forward h_j; backward h_j], the keys U_a h_j, and
/// s_0 = tanh(W_s backward h_1 + bias).
inline Memory annotate(const RNNsearch& m, const Sentences& source) {
  // blank: as `encode`, but the states of all words are kept; keys are computed once, for all steps
  const Tensor x = embed(source, m.source_embedding);  // [B, S, D]
  const Tensor zero = constant(zeros({source.B, m.forward.weight_hh.shape()[1]}));
  const Tensor right = gru_sequence(m.forward, x, zero, source.keep);
  const Tensor left = gru_sequence(m.backward, x, zero, source.keep, true);
  const Tensor h = cat({right, left}, 2);  // [B, S, 2n]
  const Tensor s_0 = tanh(linear(select(left, 1, 0), m.initial_weight, m.initial_bias));
  return {h, linear(h, m.key_weight), s_0};
  // end
}

// [soft_search]
/// Where the state s_{i-1} [B, n] looks, and what it finds there.
inline Found soft_search(const RNNsearch& m, const Memory& memory, const Tensor& s) {
  const Tensor e = additive_scores(linear(s, m.query_weight), memory.keys, m.energy_weight);
  return attend(memory.mask.node ? e + memory.mask : e, memory.h);
}
// [/soft_search]

/// The logits at each step, [B, T, V], and where it looked: the attention weights [B, T, S].
struct Searched {
  Tensor logits, weights;
};

/// Teacher forcing, as chapter 10's `logits`, with a context of its own for each word.
inline Searched search(const RNNsearch& m, const Memory& memory, const Sentences& before) {
  // blank: s_{i-1} searches before y_i is written: c_i by it, then s_i by c_i, then the read-out
  const Tensor y = embed(before, m.target_embedding);  // [B, T, D]
  Tensor s = memory.s_0;
  std::vector<Tensor> steps, looked;
  for (int64_t i = 0; i < before.S; ++i) {
    const Tensor y_i = select(y, 1, i);
    const Found found = soft_search(m, memory, s);
    s = decoder_step(m, y_i, found.context, s);
    steps.push_back(read_out(m, s, found.context, y_i));
    looked.push_back(found.weights);
  }
  return {stack(steps, 1), stack(looked, 1)};
  // end
}

// [write]
inline Tensor logits(const RNNsearch& m, const Sentences& source, const Sentences& before) {
  return search(m, annotate(m, source), before).logits;
}

/// Writes T words for each sentence, as chapter 10's `write`.
inline std::vector<int64_t> write(const RNNsearch& m, const Sentences& source, int64_t begin,
                                  int64_t T) {
  const Memory memory = annotate(m, source);
  Tensor s = memory.s_0;
  std::vector<int64_t> last(source.B, begin), written(source.B * T);
  for (int64_t i = 0; i < T; ++i) {
    const Tensor y = embedding(last, m.target_embedding);
    const Found found = soft_search(m, memory, s);
    s = decoder_step(m, y, found.context, s);
    last = best(read_out(m, s, found.context, y).value());
    for (int64_t b = 0; b < source.B; ++b) written[b * T + i] = last[b];
  }
  return written;
}
// [/write]

}  // namespace course
