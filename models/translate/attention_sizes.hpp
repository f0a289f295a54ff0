#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../model.hpp"

namespace heed {

/// What the attentions of a model take for texts of S and T tokens, end symbols included. Weights
/// are quadratic in the lengths: a long line is refused before anything is computed for it.
class AttentionSizes {
 public:
  /// Looks at the attentions of `model` with the shortest texts.
  explicit AttentionSizes(const TranslationModel& model);
  /// Bytes of the source's largest attention to itself: its scores and its weights.
  double reading(int64_t S) const;
  /// Bytes of the largest attention of all, as above, while the target is read at once.
  double forcing(int64_t S, int64_t T) const;
  /// Bytes of the weights of all attentions.
  double weights(int64_t S, int64_t T) const;

 private:
  struct Attention {
    double heads;
    Side queries, keys;
    double bytes(int64_t S, int64_t T) const;
  };
  std::vector<Attention> attentions_;
};

/// Texts of at most so many tokens are read whatever they take.
inline constexpr int64_t short_text = 256;

/// Bytes that may still be used.
double memory_left();
/// Why a line that needs `bytes` is refused: `reading it takes up to 152 GiB of memory, ...`.
std::string memory_problem(double bytes);

}  // namespace heed
