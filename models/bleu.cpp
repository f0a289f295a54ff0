#include <heed/models/bleu.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include <heed/core/error.hpp>
#include <heed/models/utf8.hpp>

namespace heed {

namespace {

constexpr std::size_t max_order = 4;

// --- Words -----------------------------------------------------------------------------------

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_period_or_comma(char c) { return c == '.' || c == ','; }

/// ASCII punctuation and the space, without `'`, `,`, `-` and `.`.
bool is_separate(char c) {
  const auto in = [c](char first, char last) { return c >= first && c <= last; };
  return in('{', '~') || in('[', '`') || in(' ', '&') || in('(', '+') || in(':', '@') || c == '/';
}

std::string separate_punctuation(const std::string& line) {
  std::string out;
  for (const char c : line) {
    if (is_separate(c)) {
      out += {' ', c, ' '};
    } else {
      out += c;
    }
  }
  return out;
}

/// Replaces each pair of neighbours for which `matches(a, b)` holds by `before a between b after`,
/// from the left and without overlaps: what a regular expression of two characters does.
template <class Matches>
std::string separate_pairs(const std::string& line, Matches matches, const char* before,
                           const char* after) {
  std::string out;
  std::size_t i = 0;
  for (; i + 1 < line.size(); ++i) {
    if (!matches(line[i], line[i + 1])) {
      out += line[i];
      continue;
    }
    out += before;
    out += {line[i], ' ', line[i + 1]};
    out += after;
    ++i;
  }
  if (i < line.size()) out += line[i];
  return out;
}

/// The rules of mteval-v13a for western languages. All of them look at ASCII alone, so that bytes
/// serve.
std::string tokenize_13a(std::string line) {
  replace_all(line, "<skipped>", "");
  replace_all(line, "-\n", "");
  replace_all(line, "\n", " ");
  replace_all(line, "&quot;", "\"");
  replace_all(line, "&amp;", "&");
  replace_all(line, "&lt;", "<");
  replace_all(line, "&gt;", ">");
  line = separate_punctuation(" " + line + " ");
  // Periods and commas stand alone unless digits are on both sides; a dash behind a digit does too.
  line = separate_pairs(
      line, [](char a, char b) { return !is_digit(a) && is_period_or_comma(b); }, "", " ");
  line = separate_pairs(
      line, [](char a, char b) { return is_period_or_comma(a) && !is_digit(b); }, " ", "");
  return separate_pairs(line, [](char a, char b) { return is_digit(a) && b == '-'; }, "", " ");
}

std::vector<std::string> words_of(const std::string& line, const BleuOptions& options) {
  const std::string text = strip_end(options.lowercase ? lowercase(line) : line);
  return split_words(options.tokenizer == BleuTokenizer::v13a ? tokenize_13a(text) : text);
}

// --- n-grams ---------------------------------------------------------------------------------

/// Words as numbers, the same for all sentences that are compared.
using WordIds = std::unordered_map<std::string, int32_t>;

/// An n-gram; what lies behind the n-th word is -1.
using Gram = std::array<int32_t, max_order>;
struct CountedGram {
  Gram gram;
  int64_t count;
};

std::vector<int32_t> number(const std::vector<std::string>& words, WordIds& ids) {
  std::vector<int32_t> numbers;
  for (const std::string& word : words) {
    numbers.push_back(ids.emplace(word, static_cast<int32_t>(ids.size())).first->second);
  }
  return numbers;
}

/// The different n-grams in their order, and how often each occurs.
std::vector<CountedGram> count_grams(const std::vector<int32_t>& words, std::size_t n) {
  std::vector<Gram> grams;
  for (std::size_t i = 0; i + n <= words.size(); ++i) {
    Gram gram{-1, -1, -1, -1};
    std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(i), n, gram.begin());
    grams.push_back(gram);
  }
  std::sort(grams.begin(), grams.end());
  std::vector<CountedGram> counted;
  for (const Gram& gram : grams) {
    if (counted.empty() || counted.back().gram != gram) counted.push_back({gram, 0});
    ++counted.back().count;
  }
  return counted;
}

/// How often `gram` occurs in `counted`.
int64_t count_of(const Gram& gram, const std::vector<CountedGram>& counted) {
  const auto found =
      std::lower_bound(counted.begin(), counted.end(), gram,
                       [](const CountedGram& c, const Gram& wanted) { return c.gram < wanted; });
  return found != counted.end() && found->gram == gram ? found->count : 0;
}

/// Matches of n-grams: each counts at most as often as in the reference that has it most often.
int64_t clipped_matches(const std::vector<int32_t>& hypothesis,
                        const std::vector<std::vector<int32_t>>& references, std::size_t n) {
  std::vector<std::vector<CountedGram>> counted;
  for (const auto& reference : references) counted.push_back(count_grams(reference, n));
  int64_t matches = 0;
  for (const CountedGram& candidate : count_grams(hypothesis, n)) {
    int64_t most = 0;
    for (const auto& reference : counted)
      most = std::max(most, count_of(candidate.gram, reference));
    matches += std::min(candidate.count, most);
  }
  return matches;
}

int64_t closest_length(int64_t length, const std::vector<std::vector<int32_t>>& references) {
  int64_t closest = static_cast<int64_t>(references.front().size());
  for (const auto& reference : references) {
    const auto other = static_cast<int64_t>(reference.size());
    const int64_t difference = std::abs(other - length), best = std::abs(closest - length);
    if (difference < best || (difference == best && other < closest)) closest = other;
  }
  return closest;
}

// --- The score -------------------------------------------------------------------------------

double brevity_penalty(int64_t hypothesis_length, int64_t reference_length) {
  if (hypothesis_length >= reference_length) return 1;
  if (hypothesis_length == 0) return 0;
  return std::exp(1 -
                  static_cast<double>(reference_length) / static_cast<double>(hypothesis_length));
}

/// Smoothing "exp" (Chen and Cherry 2014, method 3): the k-th order without a match counts 1 / 2^k.
std::array<double, max_order> smoothed_precisions(const BleuStatistics& s) {
  std::array<double, max_order> precisions{};
  double halvings = 1;
  for (std::size_t n = 0; n < max_order && s.totals[n] > 0; ++n) {
    const auto total = static_cast<double>(s.totals[n]);
    if (s.counts[n] == 0) halvings *= 2;
    precisions[n] = s.counts[n] == 0 ? 100. / (halvings * total)
                                     : 100. * static_cast<double>(s.counts[n]) / total;
  }
  return precisions;
}

double geometric_mean(const std::array<double, max_order>& precisions) {
  double sum = 0;
  for (const double p : precisions) {
    if (p == 0) return 0;
    sum += std::log(p);
  }
  return std::exp(sum / static_cast<double>(max_order));
}

std::string signature(const BleuOptions& options, int64_t references) {
  return "nrefs:" + std::to_string(references) + "|case:" + (options.lowercase ? "lc" : "mixed") +
         "|eff:no|tok:" + to_string(options.tokenizer) + "|smooth:exp|version:heed-0.1.0";
}

void check_references(const std::vector<std::string>& hypotheses,
                      const std::vector<std::vector<std::string>>& references) {
  if (references.empty()) throw DataError("bleu: no reference; at least one is needed");
  for (std::size_t r = 0; r < references.size(); ++r) {
    if (references[r].size() == hypotheses.size()) continue;
    throw DataError("bleu: " + std::to_string(hypotheses.size()) + " hypotheses, but reference " +
                    std::to_string(r + 1) + " has " + std::to_string(references[r].size()) +
                    " lines; each hypothesis needs its line");
  }
}

}  // namespace

BleuTokenizer bleu_tokenizer(const std::string& name) {
  if (name == "none") return BleuTokenizer::none;
  if (name == "13a") return BleuTokenizer::v13a;
  throw ConfigError("bleu: unknown tokenizer '" + escaped(name) + "'; there are none and 13a");
}

const char* to_string(BleuTokenizer tokenizer) {
  return tokenizer == BleuTokenizer::none ? "none" : "13a";
}

std::string bleu_tokenize(const std::string& line, BleuTokenizer tokenizer) {
  std::string out;
  for (const std::string& word : words_of(line, {.tokenizer = tokenizer, .lowercase = false})) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  for (std::size_t n = 0; n < max_order; ++n) {
    counts[n] += other.counts[n];
    totals[n] += other.totals[n];
  }
  hypothesis_length += other.hypothesis_length;
  reference_length += other.reference_length;
  return *this;
}

BleuStatistics bleu_statistics(const std::string& hypothesis,
                               const std::vector<std::string>& references,
                               const BleuOptions& options) {
  if (references.empty()) throw DataError("bleu: no reference; at least one is needed");
  WordIds ids;
  const std::vector<int32_t> words = number(words_of(hypothesis, options), ids);
  std::vector<std::vector<int32_t>> numbered;
  for (const std::string& r : references) numbered.push_back(number(words_of(r, options), ids));
  BleuStatistics statistics;
  statistics.hypothesis_length = static_cast<int64_t>(words.size());
  statistics.reference_length = closest_length(statistics.hypothesis_length, numbered);
  for (std::size_t n = 1; n <= max_order; ++n) {
    statistics.counts[n - 1] = clipped_matches(words, numbered, n);
    statistics.totals[n - 1] =
        std::max<int64_t>(statistics.hypothesis_length - static_cast<int64_t>(n) + 1, 0);
  }
  return statistics;
}

Bleu bleu_score(const BleuStatistics& s, const BleuOptions& options, int64_t references) {
  Bleu bleu;
  bleu.counts = s.counts, bleu.totals = s.totals;
  bleu.hypothesis_length = s.hypothesis_length, bleu.reference_length = s.reference_length;
  bleu.bp = brevity_penalty(s.hypothesis_length, s.reference_length);
  bleu.signature = signature(options, references);
  // Without any match the score is 0, whatever smoothing would make of it.
  if (std::all_of(s.counts.begin(), s.counts.end(), [](int64_t c) { return c == 0; })) return bleu;
  bleu.precisions = smoothed_precisions(s);
  bleu.score = bleu.bp * geometric_mean(bleu.precisions);
  return bleu;
}

Bleu corpus_bleu(const std::vector<std::string>& hypotheses,
                 const std::vector<std::vector<std::string>>& references,
                 const BleuOptions& options) {
  check_references(hypotheses, references);
  BleuStatistics sum;
  std::vector<std::string> of_one(references.size());
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    for (std::size_t r = 0; r < references.size(); ++r) of_one[r] = references[r][i];
    sum += bleu_statistics(hypotheses[i], of_one, options);
  }
  return bleu_score(sum, options, static_cast<int64_t>(references.size()));
}

std::string to_string(const Bleu& b) {
  const double ratio = b.reference_length == 0 ? 0
                                               : static_cast<double>(b.hypothesis_length) /
                                                     static_cast<double>(b.reference_length);
  char line[256];
  std::snprintf(
      line, sizeof line,
      "BLEU = %.2f %.1f/%.1f/%.1f/%.1f (BP = %.3f ratio = %.3f hyp_len = %lld ref_len = %lld)",
      b.score, b.precisions[0], b.precisions[1], b.precisions[2], b.precisions[3], b.bp, ratio,
      static_cast<long long>(b.hypothesis_length), static_cast<long long>(b.reference_length));
  return line;
}

}  // namespace heed
