// Lines of text: refused by name and line, or cut into tokens that make the line again.
#include <algorithm>
#include <sstream>

#include "../../models/text/parallel_text.hpp"
#include "../../models/text/utf8.hpp"
#include "../../models/text/vocabulary.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  std::istringstream in(fuzz::text_of(data, size));
  heed::LineReader reader(in, "text");
  std::vector<std::string> lines;
  fuzz::accepts<heed::DataError>([&] {
    for (std::string line; reader.next(line);) lines.push_back(line);
  });
  const heed::WordTokenizer words;
  const heed::CharTokenizer characters;
  for (const std::string& line : lines) {
    fuzz::require(!heed::find_utf8_fault(line), "invalid UTF-8 came through");
    fuzz::require(characters.join(characters.split(line)) == line, "other characters");
    const std::vector<std::string> tokens = words.split(line);
    fuzz::require(words.split(words.join(tokens)) == tokens, "other words");
    fuzz::require(std::count(tokens.begin(), tokens.end(), "") == 0, "an empty word");
  }
  const heed::Vocabulary vocabulary = heed::Vocabulary::build(lines, words);
  fuzz::require(heed::Vocabulary(vocabulary.tokens()) == vocabulary,
                "a vocabulary that is refused");
  for (const std::string& line : lines) {
    const std::vector<std::string> tokens = words.split(line);
    const std::vector<std::string> again = vocabulary.decode(vocabulary.encode(tokens));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      fuzz::require(again[i] == tokens[i] || again[i] == "<unk>", "another word");
    }
  }
  return 0;
}
