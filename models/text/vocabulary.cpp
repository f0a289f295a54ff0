#include "vocabulary.hpp"

#include <algorithm>
#include <numeric>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "numbered_text.hpp"
#include "utf8.hpp"

namespace heed {

namespace {

const std::vector<std::string>& symbols() {
  static const std::vector<std::string> names{"<pad>", "<unk>", "<s>", "</s>"};
  return names;
}

bool is_symbol(const std::string& token) {
  return std::find(symbols().begin(), symbols().end(), token) != symbols().end();
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool has_control(const std::string& token) {
  return std::any_of(token.begin(), token.end(), is_control);
}

[[noreturn]] void fail(const std::string& file, std::size_t line, const std::string& what) {
  throw DataError(escaped(file) + ":" + std::to_string(line) + ": " + what);
}

void check_symbols(const std::vector<std::string>& tokens, const std::string& file) {
  if (!tokens.empty() && tokens[0].starts_with("\xef\xbb\xbf")) {
    fail(file, 1, "begins with a byte order mark (BOM); save the file as UTF-8 without one");
  }
  for (std::size_t i = 0; i < symbols().size(); ++i) {
    if (i < tokens.size() && tokens[i] == symbols()[i]) continue;
    const std::string found = i < tokens.size() ? escaped(tokens[i]) : "the end";
    fail(file, i + 1,
         "expected the symbol " + symbols()[i] + ", found " + found +
             "; the first four tokens are <pad> <unk> <s> </s>");
  }
}

void check_token(const std::string& token, const std::string& file, std::size_t line) {
  if (token.empty()) fail(file, line, "empty token; every line holds one");
  if (const Utf8Fault fault = find_utf8_fault(token)) {
    fail(file, line,
         "byte " + std::to_string(fault.offset) + ": invalid UTF-8 (" + fault.bytes +
             "): " + fault.reason);
  }
  const auto control = std::find_if(token.begin(), token.end(), is_control);
  if (control == token.end()) return;
  fail(file, line,
       "token '" + escaped(token) + "' has a control character; lines end in LF alone and tokens " +
           "have no tabs");
}

}  // namespace

Vocabulary::Vocabulary() : Vocabulary(symbols()) {}

Vocabulary::Vocabulary(std::vector<std::string> tokens, const std::string& file)
    : tokens_(std::move(tokens)) {
  if (tokens_.size() > INT32_MAX) throw DataError(escaped(file) + ": more than 2^31 - 1 tokens");
  for (std::size_t i = 0; i < tokens_.size(); ++i) check_token(tokens_[i], file, i + 1);
  check_symbols(tokens_, file);
  index(file);
}

void Vocabulary::index(const std::string& file) {
  sorted_.resize(tokens_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0);
  const auto token_of = [&](int32_t id) -> const std::string& {
    return tokens_[static_cast<std::size_t>(id)];
  };
  std::sort(sorted_.begin(), sorted_.end(), [&](int32_t a, int32_t b) {
    const int order = token_of(a).compare(token_of(b));
    return order < 0 || (order == 0 && a < b);
  });
  for (std::size_t i = 1; i < sorted_.size(); ++i) {
    if (token_of(sorted_[i]) != token_of(sorted_[i - 1])) continue;
    fail(file, static_cast<std::size_t>(sorted_[i]) + 1,
         "duplicate token '" + escaped(token_of(sorted_[i])) + "', first on line " +
             std::to_string(sorted_[i - 1] + 1) + "; each token has one line");
  }
}

Vocabulary Vocabulary::build(const std::vector<std::string>& lines, const Tokenizer& tokenizer,
                             int64_t min_count, int64_t most) {
  TokenNumbers numbers;
  std::vector<int64_t> counts;
  for (const std::string& line : lines) {
    const std::vector<int32_t> sentence = numbers.number(tokenizer.split(line));
    counts.resize(numbers.tokens().size());
    for (const int32_t number : sentence) ++counts[static_cast<std::size_t>(number)];
  }
  return build(numbers.tokens(), counts, min_count, most);
}

Vocabulary Vocabulary::build(const std::vector<std::string>& tokens,
                             const std::vector<int64_t>& counts, int64_t min_count, int64_t most) {
  std::vector<std::pair<int64_t, std::string>> kept;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (counts[i] < min_count || is_symbol(tokens[i]) || has_control(tokens[i])) continue;
    kept.emplace_back(-counts[i], tokens[i]);
  }
  // By falling count, then by bytes: the order of UTF-8's bytes is that of code points.
  std::sort(kept.begin(), kept.end());
  if (most > 0 && std::ssize(kept) > most) kept.resize(static_cast<std::size_t>(most));
  std::vector<std::string> known = symbols();
  for (auto& [count, token] : kept) known.push_back(std::move(token));
  return Vocabulary(std::move(known));
}

Vocabulary Vocabulary::load(const std::string& path) {
  // A vocabulary of a million tokens has some 10 MB; this limit only stops what is no vocabulary.
  constexpr int64_t limit = int64_t{1} << 25;
  const std::string text = read_file(path, limit);
  std::vector<std::string> tokens;
  for (std::size_t first = 0; first < text.size();) {
    const std::size_t end = text.find('\n', first);
    if (end == std::string::npos) {
      fail(path, tokens.size() + 1, "the last line has no newline; the file may be cut");
    }
    tokens.push_back(text.substr(first, end - first));
    first = end + 1;
  }
  return Vocabulary(std::move(tokens), path);
}

std::string Vocabulary::text() const {
  std::string out;
  for (const std::string& token : tokens_) out += token + '\n';
  return out;
}

void Vocabulary::save(const std::string& path) const { replace_file(path, text()); }

const std::string& Vocabulary::token(int64_t id) const {
  if (id < 0 || id >= size()) {
    throw IndexError("vocabulary: id " + std::to_string(id) + " is not in [0, " +
                     std::to_string(size()) + ")");
  }
  return tokens_[static_cast<std::size_t>(id)];
}

int32_t Vocabulary::id(const std::string& token) const {
  const auto found = std::lower_bound(sorted_.begin(), sorted_.end(), token,
                                      [&](int32_t id, const std::string& wanted) {
                                        return tokens_[static_cast<std::size_t>(id)] < wanted;
                                      });
  if (found == sorted_.end() || tokens_[static_cast<std::size_t>(*found)] != token) return unk;
  const bool symbol = *found < static_cast<int32_t>(symbols().size());
  return symbol ? unk : *found;
}

std::vector<int32_t> Vocabulary::encode(const std::vector<std::string>& tokens) const {
  std::vector<int32_t> ids;
  ids.reserve(tokens.size());
  for (const std::string& token : tokens) ids.push_back(id(token));
  return ids;
}

std::vector<std::string> Vocabulary::decode(const std::vector<int32_t>& ids) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) tokens.push_back(token(id));
  return tokens;
}

}  // namespace heed
