#pragma once

#include <span>

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// The attention of translations as one SVG sheet, after Fig. 3 of Bahdanau et al. 2014: source
/// tokens across the top, target tokens down the side, a darker cell for a larger weight (readable
/// in grey). A translation with one head is one panel; the heads of a larger one are a grid of
/// panels. `panels_across` = 0 takes as many panels beside each other as look well.
std::string attention_svg(std::span<const Translation> translations, int64_t panels_across = 0);

}  // namespace heed::tools
