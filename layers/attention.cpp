#include "attention.hpp"

#include <utility>

#include "../core/operations.hpp"
#include "check.hpp"

namespace heed {

namespace {

Tensor normalise(Normaliser normaliser, const Tensor& e, const Tensor& keep) {
  return normaliser == Normaliser::softmax ? softmax(e, -1, keep) : sparsemax(e, -1, keep);
}

/// Number of kept words of each sentence, [B, 1]. `ShapeError` for a mask of other sentences.
Tensor lengths_of(const AttentionMemory& memory, DType dtype) {
  const int64_t B = memory.annotations.size(0), S = memory.annotations.size(1);
  if (memory.keep.defined()) require_mask("attention", memory.keep, {B, S});
  if (!memory.keep.defined()) return Tensor::full({B, 1}, static_cast<double>(S), dtype);
  return sum(memory.keep.to(dtype), {1}, true);
}

/// j - p_i for every word: p: [B, K] -> [B, K, S].
Tensor distances(const Tensor& p, int64_t S) {
  return Tensor::arange(S, p.dtype()) - unsqueeze(p, 2);
}

/// True where |distance| <= D and the sentence has a word.
Tensor inside(const Tensor& distance, int64_t D, const Tensor& keep) {
  const Tensor near = le(abs(distance.detach()), static_cast<double>(D));  // [B, K, S]
  return keep.defined() ? logical_and(near, unsqueeze(keep, 1)) : near;
}

/// An operation on K queries of each sentence, [B, K, .], for a single one, [B, .], too.
template <class Operation>
Tensor for_one_query(const Tensor& x, const Operation& operation) {
  return squeeze(operation(unsqueeze(x, 1)), 1);
}

void check_annotations(const Tensor& annotations) {
  if (annotations.defined() && annotations.rank() == 3) return;
  throw ShapeError("attention: annotations are " +
                   (annotations.defined() ? to_string(annotations.shape()) : "undefined") +
                   ", expected [batch, words, features]");
}

void check_memory(const AttentionMemory& memory) {
  if (memory.annotations.defined()) return check_annotations(memory.annotations);
  throw ShapeError(
      "attention: the memory is empty, expected what remember(annotations, keep) gives");
}

/// s: [B, n], or [B, K, n] for K queries of each sentence.
void check_query(const Tensor& s, int64_t B) {
  if ((s.rank() == 2 || s.rank() == 3) && s.size(0) == B) return;
  const std::string sentences = std::to_string(B);
  throw ShapeError("attention: the query is " + to_string(s.shape()) + ", expected [" + sentences +
                   ", features], or [" + sentences + ", queries, features] for several queries");
}

/// The scores or the weights: [B, S], or [B, K, S] for K queries of each of B sentences.
void check_for_words(const char* what, const Tensor& x, const Tensor& annotations) {
  Shape expected{annotations.size(0), annotations.size(1)};
  if (x.rank() == 3) expected = {expected[0], x.size(1), expected[1]};
  require_shape("attention", what, x, expected);
}

void check_energies(const Tensor& e, const Tensor& annotations) {
  check_for_words("the scores' shape", e, annotations);
}

/// alpha of e [B, K, S]; keep: [B, S], [B, K, S] or undefined.
Tensor weights_of(const Tensor& e, const Tensor& keep, Normaliser normaliser) {
  if (!keep.defined()) return normalise(normaliser, e, keep);
  require_mask("attention", keep, keep.rank() == 3 ? e.shape() : Shape{e.size(0), e.size(2)});
  return normalise(normaliser, e, keep.rank() == 2 ? unsqueeze(keep, 1) : keep);
}

}  // namespace

Attended attend(const Tensor& e, const Tensor& annotations, const Tensor& keep,
                Normaliser normaliser) {
  check_annotations(annotations);
  check_energies(e, annotations);
  if (e.rank() == 2) {
    const auto [c, alpha] = attend(unsqueeze(e, 1), annotations, keep, normaliser);
    return {squeeze(c, 1), squeeze(alpha, 1)};
  }
  const Tensor alpha = weights_of(e, keep, normaliser);
  return {matmul(alpha, annotations), alpha};  // [B, K, C], [B, K, S]
}

Attention::Attention(ScoreFunction function, AttentionConfig options)
    : config(options), score(std::move(function)) {
  if (options.window < 0) {
    throw ConfigError("Attention: window is " + std::to_string(options.window) +
                      ", expected a half width, or 0 for the whole sentence");
  }
  if (options.window > 0 && options.local == Local::predictive) {
    position.emplace(positive("Attention", "query", options.query),
                     positive("Attention", "size", options.size), false);
    position_energy.emplace(options.size, 1, false);
  }
}

AttentionMemory Attention::remember(const Tensor& annotations, const Tensor& keep) const {
  check_annotations(annotations);
  if (keep.defined()) {
    require_mask("attention", keep, {annotations.size(0), annotations.size(1)});
  }
  return {annotations, score.project(annotations), keep};
}

Attended Attention::operator()(const Tensor& s, const AttentionMemory& memory,
                               const AttentionPast& past) const {
  const Tensor e = energies(s, memory, past);
  const Tensor alpha = weights(e, s, memory, past);
  return {context(alpha, memory), alpha};
}

Tensor Attention::energies(const Tensor& s, const AttentionMemory& memory,
                           const AttentionPast& past) const {
  check_memory(memory);
  check_query(s, memory.annotations.size(0));
  if (past.coverage.defined() && score.takes_coverage()) {
    Shape expected = s.shape();
    expected[s.rank() - 1] = memory.annotations.size(1);
    require_shape("attention", "the coverage", past.coverage, expected);
  }
  const auto scores = [&](const Tensor& queries, Tensor coverage) {  // [B, K, n], [B, K, S]
    if (!coverage.defined() && score.takes_coverage()) {
      const int64_t S = memory.annotations.size(1);
      coverage = Tensor::zeros({queries.size(0), queries.size(1), S}, queries.dtype());
    }
    const Tensor e = score(queries, memory.keys, coverage);
    check_energies(e, memory.annotations);
    return e;
  };
  if (s.rank() == 3) return scores(s, past.coverage);
  return for_one_query(s, [&](const Tensor& query) {
    return scores(query, past.coverage.defined() ? unsqueeze(past.coverage, 1) : Tensor());
  });
}

Tensor Attention::weights(const Tensor& e, const Tensor& s, const AttentionMemory& memory,
                          const AttentionPast& past) const {
  check_memory(memory);
  check_energies(e, memory.annotations);
  if (position) {
    Shape expected = e.shape();
    expected[e.rank() - 1] = config.query;
    require_shape("attention", "the query", s, expected);
  }
  if (e.rank() == 2) {
    return for_one_query(e, [&](const Tensor& energies) {
      return weights(energies, unsqueeze(s, 1), memory, past);
    });
  }
  if (config.window == 0) return weights_of(e, memory.keep, config.normaliser);

  const int64_t B = e.size(0), K = e.size(1), S = e.size(2);
  const Tensor lengths = lengths_of(memory, s.dtype());  // [B, 1]
  if (!position) {
    const Tensor last = lengths - 1.0;
    const Tensor now = Tensor::full({1}, static_cast<double>(past.i), s.dtype());
    const Tensor p = expand(minimum(now, last), {B, K});
    return weights_of(e, inside(distances(p, S), config.window, memory.keep), config.normaliser);
  }
  // p_i = S sigmoid(v^T tanh(W s)), eq. (9)
  const Tensor p = lengths * sigmoid(squeeze((*position_energy)(tanh((*position)(s))), 2));
  const Tensor distance = distances(p, S);
  const Tensor aligned =
      weights_of(e, inside(distance, config.window, memory.keep), config.normaliser);
  // Eq. (10) with the standard deviation D / 2.
  const auto D = static_cast<double>(config.window);
  return aligned * exp(square(distance) * (-2 / (D * D)));
}

Tensor Attention::context(const Tensor& alpha, const AttentionMemory& memory) const {
  check_memory(memory);
  check_for_words("the weights' shape", alpha, memory.annotations);
  if (alpha.rank() == 2) {
    return for_one_query(alpha, [&](const Tensor& rows) { return context(rows, memory); });
  }
  return matmul(alpha, memory.annotations);
}

AttentionPast Attention::after(const AttentionPast& past, const Tensor& alpha) const {
  if (!score.takes_coverage()) return {past.i + 1};
  return {past.i + 1, past.coverage.defined() ? past.coverage + alpha : alpha};
}

void Attention::members(Members& m) {
  score.members(m);
  m("position", position)("position_energy", position_energy);
}

}  // namespace heed
