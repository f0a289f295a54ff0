#pragma once

#include <span>

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// The attention of all translations of a run as one HTML page that needs nothing else: no network,
/// no other file. It has a list of the sentences, a chooser of layer and head, weights under the
/// pointer, and links between the words. All text stands in it as data, never as markup.
/// Weights are rounded to thousandths.
std::string attention_html(std::span<const Translation> translations);

}  // namespace heed::tools
