#pragma once

#include <cstdint>

#include "../layers/attention.hpp"
#include "../layers/recurrent.hpp"

namespace heed {

// The names are those of config.json. custom: a score function that a program brings along, which
// no configuration can describe.
enum class Score { additive, dot, general, concat, location, scaled, custom };
enum class Readout { maxout, tanh };
enum class ReadoutState { current, previous };

/// Sizes and variants of the recurrent models, the keys of config.json with the same names. The
/// defaults are the paper's (Bahdanau, Cho, Bengio 2014, appendix A.2.3), `reset` and
/// `readout_state` aside. What concerns the attention is not read by the EncoderDecoder, which has
/// none.
struct RecurrentConfig {
  /// Number of words on each side, the four special symbols included.
  int64_t source_vocab = 0, target_vocab = 0;
  /// E: size of a word's embedding;  n: of a recurrent state.
  int64_t embedding = 620, hidden = 1000;
  /// A: size of the alignment model's hidden layer;  L: of the read-out after maxout.
  int64_t attention_size = 1000, readout_size = 500;
  Cell cell = Cell::gru;
  int64_t encoder_layers = 1, decoder_layers = 1;
  Score attention = Score::additive;
  Normaliser attention_normaliser = Normaliser::softmax;
  /// Half width of local attention, 0 for the whole source, and what it stands around.
  int64_t attention_window = 0;
  Local attention_local = Local::monotonic;
  /// Tokens of the longest source that location scores have weights for.
  int64_t max_length = 512;
  /// Tell the score what has been attended to; feed the read-out of a word back to the next step.
  bool coverage = false, input_feeding = false;
  Readout readout = Readout::maxout;
  /// The state that the read-out t_i takes: s_i, or s_{i-1} as in the paper.
  ReadoutState readout_state = ReadoutState::current;
  /// Where a GRU's reset gate acts: after the product as in PyTorch, before it as in the paper.
  Reset reset = Reset::after;
  /// Probability of dropping an element of the embeddings, of the read-out and of what goes from
  /// one recurrent layer to the next, in training.
  double dropout = 0;
};

}  // namespace heed
