#pragma once

#include <vector>

#include "../model.hpp"
#include "../text/batches.hpp"
#include "translation.hpp"

namespace heed {

/// Every attention of the model while it reads the target of each pair: [pair][layer], each head by
/// itself, without the padding.
std::vector<std::vector<AttentionLayer>> attention_layers(const TranslationModel& model,
                                                          const text::EncodedPairs& pairs);

}  // namespace heed
