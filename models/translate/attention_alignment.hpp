#pragma once

#include <cstdint>
#include <vector>

#include "../text/alignment.hpp"
#include "translation.hpp"

namespace heed {

/// The source word with the strongest weight for each target word, ordered by target; weights are
/// averaged over the layers and heads between the texts, end symbols left out. Empty for a
/// translation without attention.
Alignment alignment(const Translation& translation);

/// The source words of `alignment` alone, one for each target token, the end symbol too.
std::vector<int64_t> strongest_words(const Translation& translation);

}  // namespace heed
