#pragma once

#include <optional>

#include "scores.hpp"

namespace heed {

/// What turns the scores of a query into weights.
enum class Normaliser { softmax, sparsemax };

/// The weights of an attention: a Tensor wherever one is wanted. Where it went tile by tile they
/// are in no memory; then they are computed from its queries and keys, and kept, when they are
/// first looked at, by one thread at a time. They have a history if the call recorded one.
/// `GraphError` if queries, keys or mask were changed in place meanwhile.
class LazyWeights {
 public:
  LazyWeights() = default;
  LazyWeights(Tensor weights) : weights_(std::move(weights)) {}
  /// softmax(scale q k^T + ALiBi) for query [..., T, K] and key [..., S, K]; keep, slopes: as of
  /// `tiled_attention`; no scale: 1 / sqrt(K). -> [..., T, S].
  LazyWeights(const Tensor& query, const Tensor& key, const Tensor& keep, const Tensor& slopes,
              std::optional<double> scale = {});

  const Tensor& tensor() const;
  operator const Tensor&() const { return tensor(); }
  bool defined() const { return weights_.defined() || query_.defined(); }
  const Array& array() const { return tensor().array(); }
  const Shape& shape() const { return tensor().shape(); }
  int64_t size(int64_t axis) const { return tensor().size(axis); }
  double at(const Shape& index) const { return tensor().at(index); }

 private:
  uint32_t changes() const;

  Tensor query_, key_, keep_, slopes_;
  std::optional<double> scale_;
  uint32_t changes_ = 0;
  bool recorded_ = grad_enabled();
  mutable Tensor weights_;
};

/// What an attention gives for each query.
struct Attended {
  /// c_i = sum_j alpha_ij h_j.
  Tensor context;
  /// alpha_ij, each row summing to 1 over the kept words (a row that keeps none: zeros).
  LazyWeights weights;
};

/// c_i = sum_j alpha_ij h_j with alpha = softmax of scores e over the kept words: what the score
/// functions have in common. e: [B, S], annotations: [B, S, C], keep: [B, S] bool or undefined
/// -> context [B, C], weights [B, S]; e: [B, K, S] for K queries of each sentence -> [B, K, C],
/// [B, K, S], keep: also [B, K, S]. Throws `ShapeError` and `TypeError`. Bahdanau et al. 2014, eq.
/// (5) and (6).
Attended attend(const Tensor& e, const Tensor& annotations, const Tensor& keep = {},
                Normaliser normaliser = Normaliser::softmax);

/// Where local attention looks: at step i around the i-th word, or where a layer predicts.
enum class Local { monotonic, predictive };

/// How an Attention makes weights of scores. `window`: half width D of local attention, 0: the
/// whole sentence. `query` and `size`: n of the state and A of the layer that predicts a position.
struct AttentionConfig {
  Normaliser normaliser = Normaliser::softmax;
  int64_t window = 0;
  Local local = Local::monotonic;
  int64_t query = 0, size = 0;
};

/// What an attention keeps of a sentence: annotations [B, S, C], keys from the score's `project`,
/// keep [B, S] bool, true = real word, or undefined.
struct AttentionMemory {
  Tensor annotations, keys, keep;
};

/// What an attention is told of the queries before: their number, for monotonic attention, and the
/// sum of their weights, shaped as the weights, for scores that take coverage (undefined: none
/// yet).
struct AttentionPast {
  int64_t i = 0;
  Tensor coverage = {};
};

/// Soft search with any score: alpha_i = softmax(e_i), c_i = sum_j alpha_ij h_j. Bahdanau et al.
/// 2014, section 3.1. With a window, only the words j with |j - p_i| <= D are looked at: p_i = i
/// (at most the last word) if monotonic; p_i = S sigmoid(v^T tanh(W s)) if predictive, and the
/// weights are then multiplied by exp(-(j - p_i)^2 / (2 (D/2)^2)), so that they sum to less than 1.
/// Luong et al. 2015, section 3.2, eq. (9) and (10); W, v: position.weight [A, n],
/// position_energy.weight [1, A]. It holds no state: what a sentence needs is in its
/// AttentionMemory, what the queries before it leave in an AttentionPast.
struct Attention {
  AttentionConfig config;
  ScoreFunction score;
  std::optional<Linear> position, position_energy;

  explicit Attention(ScoreFunction function, AttentionConfig options = {});
  /// annotations: [B, S, C], keep: [B, S] or undefined. Computes the keys. Throws `ShapeError`, and
  /// `TypeError` for a keep that is no bool.
  AttentionMemory remember(const Tensor& annotations, const Tensor& keep = {}) const;
  /// s: [B, n] -> context [B, C], weights [B, S]; K queries of each sentence share its memory: s:
  /// [B, K, n] -> context [B, K, C], weights [B, K, S]. Throws `ShapeError`.
  Attended operator()(const Tensor& s, const AttentionMemory& memory,
                      const AttentionPast& past = {}) const;

  // The steps of the call above, which throw the same.

  /// e_ij = score(s, h_j): [B, n] -> [B, S], or [B, K, n] -> [B, K, S].
  Tensor energies(const Tensor& s, const AttentionMemory& memory,
                  const AttentionPast& past = {}) const;
  /// alpha_ij of e_ij, shaped as these; s is asked where to look, if a position is predicted.
  Tensor weights(const Tensor& e, const Tensor& s, const AttentionMemory& memory,
                 const AttentionPast& past = {}) const;
  /// c_i = sum_j alpha_ij h_j: [B, S] -> [B, C], or [B, K, S] -> [B, K, C].
  Tensor context(const Tensor& alpha, const AttentionMemory& memory) const;
  /// What the next query is told, after one with these weights.
  AttentionPast after(const AttentionPast& past, const Tensor& alpha) const;
  void members(Members& m);
};

}  // namespace heed
