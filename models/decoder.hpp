#pragma once

#include <string>
#include <vector>

#include <heed/core/tensor.hpp>

namespace heed {

/// The weights of one attention: [B, H, T, S] for a whole target, [R, H, S] for one step of R rows.
struct AttentionWeights {
  std::string name;
  Tensor weights;
};

/// What a decoder says about the next word of each of its R hypotheses.
struct DecoderStep {
  /// [R, V]
  Tensor log_probabilities;
  /// One entry for each attention of the model, weights [R, H, S]; empty unless they were asked
  /// for.
  std::vector<AttentionWeights> attention;
};

/// A model in the midst of a batch of N sentences, with K hypotheses each (R = N K rows, those of a
/// sentence one after the other; K is 1 at the start). What depends on the source alone is there
/// once for each sentence, and its hypotheses share it. Search knows models through this interface
/// only.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Goes one word on. last: [R] int32, the word before, `<s>` at first.
  virtual DecoderStep step(const Tensor& last, bool want_attention) = 0;
  /// Goes on with the sentences `sentences` [N'] alone, and their hypotheses with the old rows
  /// `rows` [R'] (R' = N' K' rows, each of its own sentence). int32, in increasing order of
  /// sentences.
  virtual void reorder(const Tensor& sentences, const Tensor& rows) = 0;
};

}  // namespace heed
