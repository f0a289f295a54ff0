#pragma once

#include <memory>
#include <vector>

#include "model.hpp"

namespace heed {

/// Several models with the same vocabularies that write one translation together: the probability
/// of a word is the mean of theirs,
///
///     p(y_i | y_1 .. y_{i-1}, x) = 1/M sum_m p_m(y_i | y_1 .. y_{i-1}, x),
///
/// so that it still sums to 1 over the vocabulary, and scores are log-probabilities of it. Models
/// translate together so in Sutskever et al. 2014, Table 1. Fairseq and Sockeye take this mean too;
/// Marian takes that of the log-probabilities. It is a model like others (for
/// `Translator`, search, scores): its members may be of any kinds, and their weights are `models.0`
/// and so on.
struct Ensemble {
  /// `ConfigError` for no model.
  explicit Ensemble(std::vector<TranslationModel> members);

  /// Teacher forcing: log p of the next words, [B, T, V], which are logits too. `ShapeError` unless
  /// all models have V words.
  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
  /// The weights of every model's attentions, `models.0.` and so on before their names.
  std::vector<AttentionWeights> attention_weights(const Tensor& source, const Tensor& keep,
                                                  const Tensor& target) const;
  /// Word by word, for search; ends where the first of them does. A step's attention is the mean
  /// over the models that have one.
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
  /// The smallest of its models' limits.
  LengthLimits length_limits() const;
  void members(Members& m) { m("models", models); }

  std::vector<TranslationModel> models;
};

}  // namespace heed
