#pragma once

#include <string>

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// One translation as one line of JSON, without its line end:
///
///     {"source": [...], "target": [...], "layers": [{"name": ..., "queries": "target",
///      "keys": "source", "heads": [[[target][source]]]}]}
///
/// `queries` and `keys` name the texts of the rows and columns; where both are the target, they
/// stand for the tokens read: `<s>`, then all of `target` but its last. The tokens include the end
/// symbols; a weight has the digits that give back the same float.
std::string attention_json(const Translation& translation);

}  // namespace heed::tools
