#pragma once

#include <heed/models/translation.hpp>
#include <span>

namespace heed::tools {

/// One heat map of a translation: a head of one of its attentions, with the tokens on its axes as
/// drawings show them.
struct AttentionMap {
  /// The layer's name, with the number of the head (from 1) where the layer has several.
  std::string title;
  /// Index of the layer in the translation and of the head in the layer, from 0.
  std::size_t layer = 0, head = 0;
  /// Target tokens (down the side) and source tokens (across the top).
  std::vector<std::string> rows, columns;
  /// [rows][columns]
  std::span<const float> weights;

  float weight(std::size_t row, std::size_t column) const {
    return weights[row * columns.size() + column];
  }
};

/// Every head of every attention of `translation`, in order; the weights are views into it.
/// `ShapeError` if a head does not have target x source weights, `NumericError` if one is not
/// finite.
std::vector<AttentionMap> attention_maps(const Translation& translation);

}  // namespace heed::tools
