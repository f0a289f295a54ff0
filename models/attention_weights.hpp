#pragma once

#include <string>

#include "../core/tensor.hpp"

namespace heed {

/// The text whose words an axis of attention weights stands for.
enum class Side { source, target };

/// The weights of one attention, every head by itself: [B, H, queries, keys], each row summing to 1
/// over the words kept. Between the texts the queries are the target's words and the keys the
/// source's; where a text attends to itself both are its own.
struct AttentionWeights {
  std::string name;
  Tensor weights;
  Side queries = Side::target, keys = Side::source;
};

}  // namespace heed
