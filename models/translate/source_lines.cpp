#include "source_lines.hpp"

#include <algorithm>
#include <optional>

#include "../../core/error.hpp"
#include "../text/utf8.hpp"
#include "attention_sizes.hpp"

namespace heed {

namespace {

/// `600 tokens, end symbol included; `
std::string tokens_text(int64_t length) {
  return std::to_string(length) + " tokens, end symbol included; ";
}

/// A line as tokens and ids, cut if it has more than `limit` tokens, end symbol included, and may
/// be.
SourceLine encoded(const std::string& line, const TextCodec& text, int64_t limit, TooLong too_long,
                   std::string& problem) {
  SourceLine result{.tokens = text.tokens(line), .ids = {}, .prefix = {}};
  const auto length = static_cast<int64_t>(result.tokens.size()) + 1;
  if (length > limit) {
    problem = tokens_text(length) + "the model has " + std::to_string(limit) + " positions";
    if (too_long == TooLong::cut) {
      problem += "; cut";
      result.tokens.resize(static_cast<std::size_t>(limit - 1));
    }
  }
  result.ids = text.source.encode(result.tokens);
  result.ids.push_back(Vocabulary::eos);
  return result;
}

/// Says of each line what it may take, `SourceLine::bytes`.
void measure(std::vector<SourceLine>& lines, const TranslationModel& model,
             const TranslateOptions& options) {
  std::optional<AttentionSizes> attention;
  const bool traced = options.attention || options.replace_unknown;
  for (SourceLine& line : lines) {
    const int64_t S = line.length();
    if (S <= short_text) continue;
    if (!attention) attention.emplace(model);
    line.bytes = attention->reading(S);
    if (!traced) continue;
    // The weights of each translation, and the copy that is handed out.
    const int64_t T = std::min(max_words(options.search, S) + 1, model.length_limits().target);
    line.bytes += static_cast<double>(2 * options.search.nbest) * attention->weights(S, T);
  }
}

/// May the line be translated? If not, `problem` says why.
bool fits(const SourceLine& line, const TranslateOptions& options, std::string& problem) {
  const std::string number = std::to_string(line.number + 1);
  const bool large = line.bytes > memory_left();
  if (large) problem = tokens_text(line.length()) + memory_problem(line.bytes);
  if (!problem.empty() && options.too_long == TooLong::fail) {
    throw DataError("translate: line " + number + ": " + problem);
  }
  if (large || (!problem.empty() && options.too_long == TooLong::skip)) return false;
  const int64_t most = max_words(options.search, line.length());
  if (static_cast<int64_t>(line.prefix.size()) <= most) return true;
  throw DataError("translate: the prefix of line " + number + " has " +
                  std::to_string(line.prefix.size()) +
                  " tokens, the maximum length of its translation is " + std::to_string(most));
}

}  // namespace

std::vector<SourceLine> source_lines(const TranslationModel& model, const TextCodec& text,
                                     const std::vector<std::string>& lines,
                                     const std::vector<std::string>& prefixes,
                                     const TranslateOptions& options,
                                     std::vector<std::string>& problems) {
  if (!prefixes.empty() && prefixes.size() != lines.size()) {
    throw DataError("translate: " + std::to_string(lines.size()) + " lines, " +
                    std::to_string(prefixes.size()) + " prefixes");
  }
  problems.assign(lines.size(), "");
  std::vector<SourceLine> read;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_blank(lines[i])) continue;
    SourceLine& line = read.emplace_back(
        encoded(lines[i], text, model.length_limits().source, options.too_long, problems[i]));
    line.place = i;
    line.number = options.first_line + static_cast<int64_t>(i);
    if (!prefixes.empty()) line.prefix = text.target.encode(text.tokens(prefixes[i]));
  }
  measure(read, model, options);
  std::erase_if(read,
                [&](const SourceLine& line) { return !fits(line, options, problems[line.place]); });
  return read;
}

}  // namespace heed
