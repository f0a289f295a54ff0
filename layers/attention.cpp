#include "attention.hpp"

#include <utility>

#include "../core/operations.hpp"
#include "check.hpp"

namespace heed {

namespace {

Tensor normalise(Normaliser normaliser, const Tensor& e, const Tensor& keep) {
  return normaliser == Normaliser::softmax ? softmax(e, -1, keep) : sparsemax(e, -1, keep);
}

/// Number of kept words of each sentence, [B, 1].
Tensor lengths_of(const AttentionMemory& memory, DType dtype) {
  const int64_t B = memory.annotations.size(0), S = memory.annotations.size(1);
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

}  // namespace

Attended attend(const Tensor& e, const Tensor& annotations, const Tensor& keep,
                Normaliser normaliser) {
  if (annotations.rank() != 3) {
    throw ShapeError("attention: annotations are " + to_string(annotations.shape()) +
                     ", expected [batch, words, features]");
  }
  const int64_t B = annotations.size(0), S = annotations.size(1), C = annotations.size(2);
  if (e.rank() != 3) {
    require_shape("attention", "the scores' shape", e, {B, S});
    const auto [c, alpha] = attend(unsqueeze(e, 1), annotations, keep, normaliser);
    return {reshape(c, {B, C}), reshape(alpha, {B, S})};
  }
  const int64_t K = e.size(1);  // queries for each sentence
  require_shape("attention", "the scores' shape", e, {B, K, S});
  if (keep.defined()) {
    require_mask("attention", keep, keep.rank() == 3 ? Shape{B, K, S} : Shape{B, S});
  }
  const Tensor kept = keep.defined() && keep.rank() == 2 ? unsqueeze(keep, 1) : keep;
  const Tensor alpha = normalise(normaliser, e, kept);
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
  if (annotations.rank() != 3) {
    throw ShapeError("attention: annotations are " + to_string(annotations.shape()) +
                     ", expected [batch, words, features]");
  }
  if (keep.defined()) {
    require_mask("attention", keep, {annotations.size(0), annotations.size(1)});
  }
  return {annotations, score.project(annotations), keep};
}

Attended Attention::operator()(const Tensor& s, const AttentionMemory& memory, int64_t i,
                               const Tensor& coverage) const {
  const Tensor& h = memory.annotations;
  if (s.rank() == 2) {
    const auto [c, alpha] =
        (*this)(unsqueeze(s, 1), memory, i, coverage.defined() ? unsqueeze(coverage, 1) : coverage);
    return {squeeze(c, 1), squeeze(alpha, 1)};
  }
  const Tensor e = score(s, memory.keys, coverage);  // e_ij: [B, K, S]
  if (config.window == 0) return attend(e, h, memory.keep, config.normaliser);

  const int64_t S = h.size(1), K = s.size(1);
  const auto D = static_cast<double>(config.window);
  const Tensor lengths = lengths_of(memory, s.dtype());  // [B, 1]
  if (!position) {
    const Tensor last = lengths - 1.0, now = Tensor::full({1}, static_cast<double>(i), s.dtype());
    const Tensor p = expand(minimum(now, last), {h.size(0), K});
    return attend(e, h, inside(distances(p, S), config.window, memory.keep), config.normaliser);
  }
  // p_i = S sigmoid(v^T tanh(W s)), eq. (9)
  const Tensor p = lengths * sigmoid(squeeze((*position_energy)(tanh((*position)(s))), 2));
  const Tensor distance = distances(p, S);
  const Tensor aligned =
      normalise(config.normaliser, e, inside(distance, config.window, memory.keep));
  // Eq. (10) with the standard deviation D / 2.
  const Tensor alpha = aligned * exp(square(distance) * (-2 / (D * D)));
  return {matmul(alpha, h), alpha};
}

void Attention::members(Members& m) {
  score.members(m);
  m("position", position)("position_energy", position_energy);
}

}  // namespace heed
