#pragma once

#include <string>
#include <vector>

namespace heed {

/// How BLEU cuts lines into words: at white space alone; as the WMT scripts mteval-v13a (for
/// western languages) and mteval-v14 do, the latter by Unicode's punctuation, symbols and numbers;
/// or into characters, for languages without spaces.
enum class BleuTokenizer { none, v13a, character, international };
/// The tokenizer called `none`, `13a`, `char` or `intl`; `ConfigError` otherwise.
BleuTokenizer bleu_tokenizer(const std::string& name);
/// The names of all of them.
std::vector<std::string> bleu_tokenizer_names();
const char* to_string(BleuTokenizer tokenizer);

/// The words of `line`, equal to sacreBLEU's. `DataError` if it is not UTF-8.
std::vector<std::string> bleu_words(const std::string& line, BleuTokenizer tokenizer);
/// `line` with its words separated by single spaces.
std::string bleu_tokenize(const std::string& line, BleuTokenizer tokenizer);

}  // namespace heed
