#pragma once

#include <span>

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// One heat map of a translation: a head of one of its attentions, with the tokens on its axes as
/// drawings show them.
struct AttentionMap {
  /// The layer's name, with the number of the head where the layer has several.
  std::string title;
  /// Index of the layer in the translation and of the head in the layer.
  std::size_t layer = 0, head = 0;
  /// Tokens of the queries (down the side) and of the keys (across the top).
  std::vector<std::string> rows, columns;
  /// [rows][columns]
  std::span<const float> weights;

  float weight(std::size_t row, std::size_t column) const {
    return weights[row * columns.size() + column];
  }
};

/// Tokens as drawings show them.
std::vector<std::string> token_labels(const std::vector<std::string>& tokens);

/// Every head of every attention of `translation`, in order; the weights are views into it. Where
/// the target attends to itself both axes show the tokens read: `<s>`, then all of the target but
/// its last. `ShapeError` if a head does not have queries x keys weights,
/// `NumericError` if one is not finite.
std::vector<AttentionMap> attention_maps(const Translation& translation);

/// `source` or `target`.
std::string side_name(Side side);

}  // namespace heed::tools
