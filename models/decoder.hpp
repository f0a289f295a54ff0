#pragma once

#include <cstdint>
#include <string>

#include "../core/tensor.hpp"

namespace heed {

/// The longest texts that a model takes, in tokens with their end symbols.
struct LengthLimits {
  int64_t source = INT64_MAX, target = INT64_MAX;
};

/// What a model says of the next words, [R, V]: their log-probabilities; or logits, of which these
/// are the log_softmax.
struct WordScores {
  Tensor scores;
  bool logits = false;
};

/// A model in the midst of a batch of N sentences, with K hypotheses each (R = N K rows, those of a
/// sentence one after the other; K is 1 at the start). What depends on the source alone is there
/// once for each sentence, and its hypotheses share it.
/// Search knows models through this interface only.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Goes one word on. last: [R] int32, the word before, `<s>` at first -> the log-probabilities of
  /// the next word of each hypothesis, [R, V].
  virtual Tensor step(const Tensor& last) = 0;
  /// The same, from a model that has logits without normalising each word: few are looked at.
  virtual WordScores scores(const Tensor& last) { return {step(last)}; }
  /// Goes on with the sentences `sentences` [N'] alone, and their hypotheses with the old rows
  /// `rows` [R'] (R' = N' K' rows, each of its own sentence). Both are int32, in increasing order
  /// of sentences.
  virtual void reorder(const Tensor& sentences, const Tensor& rows) = 0;
  /// How much the last step looked at each source word: [R, S], each row summing to 1; undefined
  /// for a model without such weights. The Transformer's are those of its last layer, the mean over
  /// the heads.
  virtual Tensor attention() const { return {}; }
  /// Words that it can write at most, besides the end symbol: search stops there.
  virtual int64_t most_words() const { return INT64_MAX; }
};

/// Throws `ShapeError` unless source is [B, S] with S > 0 and keep has its shape: even an empty
/// text has its end symbol. `model` is its name in the message.
void check_source(const std::string& model, const Tensor& source, const Tensor& keep);

/// Throws `ShapeError` unless target is [B, T] for B sentences, with T > 0: `<s>` comes first.
void check_target(const std::string& model, const Tensor& target, int64_t sentences);

/// What a decoder is in the midst of: N sentences, R rows, as many of each; R is N at the start.
struct DecoderRows {
  /// The name in messages.
  std::string model;
  int64_t sentences = 0, rows = sentences;

  /// Throws `ShapeError` unless last is [R], a word for each row.
  void check_step(const Tensor& last) const;
  /// Takes the numbers of those that `Decoder::reorder` names. Throws `ShapeError` or `IndexError`
  /// for what that does not allow, and then changes nothing.
  void reorder(const Tensor& sentences_left, const Tensor& rows_left);
  /// K of R = N K rows; of none 1, as at the start.
  int64_t each() const { return sentences > 0 ? rows / sentences : 1; }
};

/// Throws `ShapeError` unless `texts`, of the target, is a multiple of `sentences`, of the source:
/// each sentence has as many texts. Of no sentences there are none.
void check_texts(const std::string& model, int64_t texts, int64_t sentences);

}  // namespace heed
