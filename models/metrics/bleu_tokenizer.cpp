#include "bleu_tokenizer.hpp"
#include "../../core/error.hpp"
#include "../../core/suggest.hpp"
#include "../text/utf8.hpp"

namespace heed {

namespace {

struct NamedTokenizer {
  const char* name;
  BleuTokenizer tokenizer;
};
constexpr NamedTokenizer tokenizers[] = {{"none", BleuTokenizer::none},
                                         {"13a", BleuTokenizer::v13a},
                                         {"char", BleuTokenizer::character},
                                         {"intl", BleuTokenizer::international}};

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Puts a space on both sides of each character of one kind.
template <class Text, class Kind>
Text separate(const Text& line, Kind is_separate) {
  Text out;
  for (const auto c : line) {
    if (is_separate(c)) {
      out += {' ', c, ' '};
    } else {
      out += c;
    }
  }
  return out;
}

/// Where a space goes beside a pair that is taken apart.
enum class Outside { none, before, behind };

/// Takes apart each pair of neighbours for which `matches(a, b)` holds, from the left and without
/// overlaps: what a regular expression of two characters does.
template <class Text, class Matches>
Text separate_pairs(const Text& line, Matches matches, Outside space) {
  Text out;
  std::size_t i = 0;
  for (; i + 1 < line.size(); ++i) {
    if (!matches(line[i], line[i + 1])) {
      out += line[i];
      continue;
    }
    if (space == Outside::before) out += ' ';
    out += {line[i], ' ', line[i + 1]};
    if (space == Outside::behind) out += ' ';
    ++i;
  }
  if (i < line.size()) out += line[i];
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_period_or_comma(char c) { return c == '.' || c == ','; }

/// ASCII punctuation and the space, without `'`, `,`, `-` and `.`.
bool is_separate(char c) {
  const auto in = [c](char first, char last) { return c >= first && c <= last; };
  return in('{', '~') || in('[', '`') || in(' ', '&') || in('(', '+') || in(':', '@') || c == '/';
}

/// The rules of mteval-v13a for western languages. All of them look at ASCII alone,
/// so that bytes serve.
std::string tokenize_13a(std::string line) {
  replace_all(line, "<skipped>", "");
  replace_all(line, "-\n", "");
  replace_all(line, "\n", " ");
  replace_all(line, "&quot;", "\"");
  replace_all(line, "&amp;", "&");
  replace_all(line, "&lt;", "<");
  replace_all(line, "&gt;", ">");
  line = separate(" " + line + " ", is_separate);
  // Periods and commas stand alone unless digits are on both sides; a dash behind a digit does too.
  line = separate_pairs(
      line, [](char a, char b) { return !is_digit(a) && is_period_or_comma(b); }, Outside::behind);
  line = separate_pairs(
      line, [](char a, char b) { return is_period_or_comma(a) && !is_digit(b); }, Outside::before);
  return separate_pairs(
      line, [](char a, char b) { return is_digit(a) && b == '-'; }, Outside::behind);
}

/// The rules of mteval-v14: punctuation stands alone unless numbers are on both sides, symbols
/// always do. A period behind a number at the end of the line stays there, as in the script.
std::string tokenize_international(const std::string& line) {
  const std::vector<char32_t> characters = code_points(line);
  std::u32string text(characters.begin(), characters.end());
  text = separate_pairs(
      text, [](char32_t a, char32_t b) { return !is_number(a) && is_punctuation(b); },
      Outside::behind);
  text = separate_pairs(
      text, [](char32_t a, char32_t b) { return is_punctuation(a) && !is_number(b); },
      Outside::before);
  std::string out;
  for (const char32_t c : separate(text, is_symbol)) append_utf8(out, c);
  return out;
}

std::vector<std::string> characters_without_space(const std::string& line) {
  std::string joined;
  for (const std::string& word : split_words(line)) joined += word;
  return characters(joined);
}

}  // namespace

BleuTokenizer bleu_tokenizer(const std::string& name) {
  std::string names;
  for (const NamedTokenizer& known : tokenizers) {
    if (name == known.name) return known.tokenizer;
    names += std::string(names.empty() ? "" : ", ") + known.name;
  }
  throw ConfigError("bleu: unknown tokenizer '" + escaped(name) + "'; there are " + names +
                    did_you_mean(name, bleu_tokenizer_names()));
}

std::vector<std::string> bleu_tokenizer_names() {
  std::vector<std::string> names;
  for (const NamedTokenizer& known : tokenizers) names.emplace_back(known.name);
  return names;
}

const char* to_string(BleuTokenizer tokenizer) {
  return tokenizers[static_cast<std::size_t>(tokenizer)].name;
}

std::vector<std::string> bleu_words(const std::string& line, BleuTokenizer tokenizer) {
  const std::string text = strip_end(line);
  switch (tokenizer) {
    case BleuTokenizer::none:
      return split_words(text);
    case BleuTokenizer::v13a:
      return split_words(tokenize_13a(text));
    case BleuTokenizer::character:
      return characters_without_space(text);
    case BleuTokenizer::international:
      return split_words(tokenize_international(text));
  }
  return {};
}

std::string bleu_tokenize(const std::string& line, BleuTokenizer tokenizer) {
  std::string out;
  for (const std::string& word : bleu_words(line, tokenizer)) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

}  // namespace heed
