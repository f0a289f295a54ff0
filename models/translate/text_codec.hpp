#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../text/tokenizer.hpp"
#include "../text/vocabulary.hpp"

namespace heed {

/// How a model's texts become ids and back: the tokenizer of both sides, their vocabularies, and
/// whether lines are read in lower case.
struct TextCodec {
  std::shared_ptr<const Tokenizer> tokenizer;
  Vocabulary source, target;
  bool lowercase = false;

  /// The tokens of a line of either side.
  std::vector<std::string> tokens(const std::string& line) const;
};

}  // namespace heed
