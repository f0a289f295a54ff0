#pragma once

#include <cstdint>
#include <vector>

namespace heed {

/// How words are drawn from a model's probabilities. What is left after `temperature`, `top_k` and
/// `top_p`, applied in this order, is drawn from in proportion to its probability.
struct Sampling {
  /// Divides the logits: below 1 what is probable becomes more probable.
  double temperature = 1;
  /// Draw from this many most probable words alone; 0: from all.
  int64_t top_k = 0;
  /// Draw from the nucleus alone: the fewest most probable words that together reach this
  /// probability (Holtzman et al. 2020, section 3.1).
  double top_p = 1;
  /// With the numbers of the sentence, the draw and the step it decides what is drawn.
  uint64_t seed = 1;
};

/// Throws `ConfigError` for a value out of range.
void check(const Sampling& sampling);

/// The chance of one word: which sentence of a text, which draw of the sentence,
/// which word of the draw.
struct DrawNumber {
  int64_t sentence = 0, draw = 0, step = 0;
};
/// A number in [0, 1): a pure function of its arguments, whatever is drawn besides.
double uniform(uint64_t seed, const DrawNumber& number);

/// The word that the chance `u`, in [0, 1), draws by these log-probabilities, which need not sum to
/// 1; -infinity: never this word. -1 if there is no word to draw.
int32_t draw_word(std::vector<double> log_probabilities, const Sampling& sampling, double u);

}  // namespace heed
