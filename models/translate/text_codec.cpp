#include "text_codec.hpp"

#include "../text/utf8.hpp"

namespace heed {

std::vector<std::string> TextCodec::tokens(const std::string& line) const {
  return tokenizer->split(lowercase ? heed::lowercase(line) : line);
}

}  // namespace heed
