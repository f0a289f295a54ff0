#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heed {

/// Attention weights of one head: `weights[target * source_length + source]`, each row summing to 1.
struct AttentionHead {
  std::vector<float> weights;
};

/// One attention of a model, with all of its heads, never averaged.
struct AttentionLayer {
  std::string name;
  std::vector<AttentionHead> heads;
};

/// One translation: its text, what the beam ranks it by, and the attention that made it.
struct Translation {
  /// The translated line.
  std::string text;
  /// Tokens read and written, each with its end symbol `</s>`.
  std::vector<std::string> source, target;
  /// What the beam ranks by: the log-probability divided by the length penalty.
  double score = 0;
  /// Natural log-probability of each target token, end symbol included.
  std::vector<double> log_probabilities;
  /// [layer][head][target][source]; empty for a model without attention.
  std::vector<AttentionLayer> attention;
};

}  // namespace heed
