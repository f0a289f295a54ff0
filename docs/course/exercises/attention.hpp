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
  // the query needs an axis for the words, which then broadcasts; v is a `linear` with one
  // output
  BLANK;
}

/// alpha = softmax(e) over the words, c = sum_j alpha_j h_j: e [B, S], h [B, S, C] -> c [B, C].
inline Found attend(const Tensor& e, const Tensor& h) {
  // the sum over words is a product, [B, 1, S] times [B, S, C]
  BLANK;
}

/// Reads the source in both directions: h_j = [forward h_j; backward h_j], the keys U_a h_j, and
/// s_0 = tanh(W_s backward h_1 + bias).
inline Memory annotate(const RNNsearch& m, const Sentences& source) {
  // as `encode`, but the states of all words are kept; keys are computed once, for all steps
  BLANK;
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
  // s_{i-1} searches before y_i is written: c_i by it, then s_i by c_i, then the read-out
  BLANK;
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
