#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../attention_weights.hpp"

namespace heed {

/// Attention weights of one head: `weights[query * keys + key]`, each row summing to 1.
struct AttentionHead {
  std::vector<float> weights;
};

/// One attention of a model, with all of its heads, never averaged.
struct AttentionLayer {
  std::string name;
  std::vector<AttentionHead> heads;
  /// Whose tokens ask (rows) and are asked (columns). Where the target asks itself, row and column
  /// i stand for the token that is read at step i: `<s>`, then target tokens 0, 1, ...
  Side queries = Side::target, keys = Side::source;
};

/// One translation: its text, what the beam ranks it by, and the attention that made it.
struct Translation {
  /// The translated line.
  std::string text;
  /// Tokens read and written, each with its end symbol `</s>`.
  std::vector<std::string> source, target;
  /// What the beam ranks by: the log-probability divided by the length penalty, plus the
  /// coverage penalty.
  double score = 0;
  /// Natural log-probability of each target token, end symbol included.
  std::vector<double> log_probabilities;
  /// [layer][head][query][key]; empty for a model without attention.
  std::vector<AttentionLayer> attention;
  /// Why the line was cut (then there is a source) or not translated at all; empty if it was.
  std::string problem;
};

}  // namespace heed
