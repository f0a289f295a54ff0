#include "tokenizer.hpp"

#include "../../core/error.hpp"
#include "utf8.hpp"

namespace heed {

std::vector<std::string> WordTokenizer::split(const std::string& line) const {
  std::vector<std::string> words;
  for (std::size_t first = line.find_first_not_of(' '); first != std::string::npos;) {
    const std::size_t end = line.find(' ', first);
    words.push_back(line.substr(first, end - first));
    first = line.find_first_not_of(' ', end);
  }
  return words;
}

std::string WordTokenizer::join(const std::vector<std::string>& tokens) const {
  std::string line;
  for (const std::string& token : tokens) {
    if (!line.empty()) line += ' ';
    line += token;
  }
  return line;
}

std::vector<std::string> CharTokenizer::split(const std::string& line) const {
  return characters(line);
}

std::string CharTokenizer::join(const std::vector<std::string>& tokens) const {
  std::string line;
  for (const std::string& token : tokens) line += token;
  return line;
}

std::shared_ptr<const Tokenizer> make_tokenizer(const std::string& name) {
  if (name == "word") return std::make_shared<WordTokenizer>();
  if (name == "char") return std::make_shared<CharTokenizer>();
  throw ConfigError("tokenizer: unknown name '" + escaped(name) + "'; there are word and char");
}

}  // namespace heed
