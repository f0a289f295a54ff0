#include "translator.hpp"

#include <algorithm>
#include <numeric>

#include "../../core/error.hpp"
#include "../config/model_folder.hpp"
#include "../ensemble.hpp"
#include "../text/utf8.hpp"
#include "attention_sizes.hpp"
#include "translator_batches.hpp"

namespace heed {

namespace {

std::vector<std::string> with_end(std::vector<std::string> tokens) {
  tokens.push_back("</s>");
  return tokens;
}

SearchOptions search_options(const TranslateOptions& options) {
  SearchOptions result;
  result.beam = options.beam;
  result.length_penalty = options.length_penalty;
  result.coverage_penalty = options.coverage_penalty;
  result.nbest = options.nbest;
  result.min_length = options.min_length;
  result.max_length = options.max_length;
  result.max_length_factor = options.max_length_factor;
  result.max_length_offset = options.max_length_offset;
  result.no_repeat_ngram = options.no_repeat_ngram;
  result.sampling = options.sampling;
  return result;
}

/// The weights of sentence `row`, without the padding; each head by itself.
AttentionLayer attention_layer(const AttentionWeights& attention, int64_t row, int64_t source,
                               int64_t target) {
  const auto words = [&](Side side) { return side == Side::source ? source : target; };
  const Array weights = attention.weights.array()
                            .select(0, row)
                            .slice(1, 0, words(attention.queries))
                            .slice(2, 0, words(attention.keys));  // [H, queries, keys]
  AttentionLayer layer{attention.name, {}, attention.queries, attention.keys};
  for (int64_t head = 0; head < weights.size(0); ++head) {
    layer.heads.push_back({weights.select(0, head).to(float32).to_vector<float>()});
  }
  return layer;
}

/// The source position with the largest mean weight over all heads of the attentions between the
/// texts, for each target position, among the first `words` of `columns`.
std::vector<int64_t> strongest(const std::vector<AttentionLayer>& layers, std::size_t rows,
                               std::size_t columns, std::size_t words) {
  std::vector<double> sums(rows * columns, 0.0);
  for (const AttentionLayer& layer : layers) {
    if (layer.queries != Side::target || layer.keys != Side::source) continue;
    for (const AttentionHead& head : layer.heads) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += static_cast<double>(head.weights[i]);
    }
  }
  std::vector<int64_t> result(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = sums.begin() + static_cast<std::ptrdiff_t>(i * columns);
    result[i] = std::max_element(row, row + static_cast<std::ptrdiff_t>(words)) - row;
  }
  return result;
}

/// Strongest source word of each target token of a translation with attention; end symbols left
/// out.
std::vector<int64_t> strongest_words(const Translation& t) {
  if (t.attention.empty() || t.source.size() < 2) return {};
  return strongest(t.attention, t.target.size(), t.source.size(), t.source.size() - 1);
}

/// Throws unless both models cut a text into the same tokens.
void check_same_text(const std::string& a_folder, const ModelFolder& a, const std::string& b_folder,
                     const ModelFolder& b) {
  const auto refuse = [&](const std::string& what, const std::string& a_has,
                          const std::string& b_has) {
    throw DataError("ensemble: " + what + ": " + escaped(a_folder, 400) + " has " + a_has + ", " +
                    escaped(b_folder, 400) + " has " + b_has);
  };
  if (a.config.tokenizer != b.config.tokenizer) {
    refuse("the tokenizers differ", to_string(a.config.tokenizer), to_string(b.config.tokenizer));
  }
  const auto lower = [](const ModelFolder& m) {
    return m.config.data.lowercase ? "true" : "false";
  };
  if (a.config.data.lowercase != b.config.data.lowercase) {
    refuse("data.lowercase differs", lower(a), lower(b));
  }
  const auto compare = [&](const std::string& side, const Vocabulary& x, const Vocabulary& y) {
    const auto token = [](const Vocabulary& v, int64_t id) {
      return id < v.size() ? '\'' + escaped(v.token(id)) + '\'' : std::string("no more");
    };
    int64_t id = 0;
    while (id < x.size() && id < y.size() && x.token(id) == y.token(id)) ++id;
    if (id == x.size() && id == y.size()) return;
    refuse("the " + side + " vocabularies differ from token " + std::to_string(id) + " on",
           token(x, id), token(y, id));
  };
  compare("source", a.source, b.source);
  compare("target", a.target, b.target);
}

/// `600 tokens, end symbol included; `
std::string tokens_text(int64_t length) {
  return std::to_string(length) + " tokens, end symbol included; ";
}

/// Is nothing but white space in the line?
bool blank(const std::string& line) { return strip(line).empty(); }

}  // namespace

/// A line that the model sees.
struct Translator::Line {
  /// Its place among the lines given, and its number in the text.
  std::size_t place;
  int64_t number;
  std::vector<std::string> tokens;
  /// Ids with `</s>`.
  std::vector<int32_t> source;
  std::vector<int32_t> prefix;
  int64_t length() const { return static_cast<int64_t>(source.size()); }
};

Translator Translator::load(const std::string& folder) { return load(folder, nullptr); }

Translator Translator::load(const std::string& folder, ModelBuilder build) {
  ModelFolder parts = load_model_folder(folder, build);
  Translator result(std::move(parts.model), make_tokenizer(to_string(parts.config.tokenizer)),
                    std::move(parts.source), std::move(parts.target), parts.config.data.lowercase);
  result.search_ = parts.config.search;
  result.notes_ = std::move(parts.notes);
  return result;
}

Translator Translator::load_ensemble(const std::vector<std::string>& folders) {
  if (folders.empty()) throw ConfigError("ensemble: no folder; it needs at least 1");
  ModelFolder first = load_model_folder(folders[0]);
  std::vector<TranslationModel> models;
  for (std::size_t i = 1; i < folders.size(); ++i) {
    ModelFolder next = load_model_folder(folders[i]);
    check_same_text(folders[0], first, folders[i], next);
    first.notes.insert(first.notes.end(), next.notes.begin(), next.notes.end());
    models.push_back(std::move(next.model));
  }
  models.insert(models.begin(), std::move(first.model));
  Translator result(TranslationModel(Ensemble(std::move(models))),
                    make_tokenizer(to_string(first.config.tokenizer)), std::move(first.source),
                    std::move(first.target), first.config.data.lowercase);
  result.search_ = first.config.search;
  result.notes_ = std::move(first.notes);
  return result;
}

Translator::Translator(TranslationModel model, std::shared_ptr<const Tokenizer> tokenizer,
                       Vocabulary source, Vocabulary target, bool lowercase)
    : model_(std::move(model)),
      tokenizer_(std::move(tokenizer)),
      source_(std::move(source)),
      target_(std::move(target)),
      lowercase_(lowercase) {
  if (!tokenizer_)
    throw ConfigError("Translator: no tokenizer; make_tokenizer(\"word\") gives one");
  eval(model_);
}

std::vector<std::string> Translator::tokens_of(const std::string& line) const {
  return tokenizer_->split(lowercase_ ? lowercase(line) : line);
}

TranslateOptions Translator::options() const {
  TranslateOptions result;
  result.beam = search_.beam;
  result.length_penalty = search_.length_penalty;
  result.max_length_factor = search_.max_length_factor;
  result.max_length_offset = search_.max_length_offset;
  return result;
}

Translation Translator::translate(const std::string& line, const TranslateOptions& options,
                                  const std::string& prefix) const {
  return translate(std::vector<std::string>{line}, options, std::vector<std::string>{prefix})[0];
}

std::vector<Translation> Translator::translate(const std::vector<std::string>& lines,
                                               const TranslateOptions& options,
                                               const std::vector<std::string>& prefixes) const {
  TranslateOptions best_only = options;
  best_only.nbest = 1;
  std::vector<Translation> best;
  for (std::vector<Translation>& each : translate_nbest(lines, best_only, prefixes)) {
    best.push_back(std::move(each[0]));
  }
  return best;
}

std::vector<std::vector<Translation>> Translator::translate_nbest(
    const std::vector<std::string>& lines, const TranslateOptions& options,
    const std::vector<std::string>& prefixes) const {
  NoGrad no_grad;
  check(search_options(options));
  Results results(lines.size(), {Translation{}});
  const std::vector<Line> seen = lines_to_translate(lines, options, prefixes, results);
  in_batches(sizes_of(seen, options), options.batch, memory_left(),
             [&](const std::vector<std::size_t>& numbers) {
               std::vector<Line> batch;
               for (const std::size_t i : numbers) batch.push_back(seen[i]);
               Results translated = translate_batch(batch, options);
               for (std::size_t k = 0; k < batch.size(); ++k) {
                 std::vector<Translation>& result = results[batch[k].place];
                 for (Translation& each : translated[k]) each.problem = result[0].problem;
                 result = std::move(translated[k]);
               }
             });
  return results;
}

/// The lines that are not blank and not too long, as tokens and ids. What is wrong with others
/// stands in their `results`.
std::vector<Translator::Line> Translator::lines_to_translate(
    const std::vector<std::string>& lines, const TranslateOptions& options,
    const std::vector<std::string>& prefixes, Results& results) const {
  if (!prefixes.empty() && prefixes.size() != lines.size()) {
    throw DataError("translate: " + std::to_string(lines.size()) + " lines, " +
                    std::to_string(prefixes.size()) + " prefixes");
  }
  std::vector<Line> read, kept;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (blank(lines[i])) continue;
    Line& line = read.emplace_back(encoded(lines[i], options, results[i][0].problem));
    line.place = i;
    line.number = options.first_line + static_cast<int64_t>(i);
    if (!prefixes.empty()) line.prefix = target_.encode(tokens_of(prefixes[i]));
  }
  const std::vector<SentenceSize> sizes = sizes_of(read, options);
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (!fits(read[i], sizes[i].bytes, options, results[read[i].place][0].problem)) continue;
    kept.push_back(std::move(read[i]));
  }
  return kept;
}

/// A line as tokens and ids, cut if it may be.
Translator::Line Translator::encoded(const std::string& text, const TranslateOptions& options,
                                     std::string& problem) const {
  Line line{0, 0, tokens_of(text), {}, {}};
  const int64_t limit = model_.length_limits().source;
  const auto length = static_cast<int64_t>(line.tokens.size()) + 1;
  if (length > limit) {
    problem = tokens_text(length) + "the model has " + std::to_string(limit) + " positions";
    if (options.too_long == TooLong::cut) {
      problem += "; cut";
      line.tokens.resize(static_cast<std::size_t>(limit - 1));
    }
  }
  line.source = source_.encode(line.tokens);
  line.source.push_back(Vocabulary::eos);
  return line;
}

/// May the line be translated? If not, `problem` says why.
bool Translator::fits(const Line& line, double bytes, const TranslateOptions& options,
                      std::string& problem) const {
  const std::string number = std::to_string(line.number + 1);
  const bool large = bytes > memory_left();
  if (large) problem = tokens_text(line.length()) + memory_problem(bytes);
  if (!problem.empty() && options.too_long == TooLong::fail) {
    throw DataError("translate: line " + number + ": " + problem);
  }
  if (large || (!problem.empty() && options.too_long == TooLong::skip)) return false;
  const int64_t most = max_words(search_options(options), line.length());
  if (static_cast<int64_t>(line.prefix.size()) <= most) return true;
  throw DataError("translate: the prefix of line " + number + " has " +
                  std::to_string(line.prefix.size()) +
                  " tokens, the maximum length of its translation is " + std::to_string(most));
}

/// The most that each line may take, for as many words as its translation may have. Short lines
/// count as nothing.
std::vector<SentenceSize> Translator::sizes_of(const std::vector<Line>& lines,
                                               const TranslateOptions& options) const {
  std::vector<SentenceSize> sizes;
  std::optional<AttentionSizes> attention;
  const bool traced = options.attention || options.replace_unknown;
  for (const Line& line : lines) {
    const int64_t S = line.length();
    SentenceSize& size = sizes.emplace_back(SentenceSize{S, 0});
    if (S <= short_text) continue;
    if (!attention) attention.emplace(model_);
    const int64_t T =
        std::min(max_words(search_options(options), S) + 1, model_.length_limits().target);
    size.bytes = attention->reading(S);
    // The weights of each translation, and the copy that is handed out.
    const auto copies = static_cast<double>(2 * options.nbest);
    if (traced) size.bytes += copies * attention->weights(S, T);
  }
  return sizes;
}

Translator::Results Translator::translate_batch(const std::vector<Line>& lines,
                                                const TranslateOptions& options) const {
  std::vector<std::vector<int32_t>> sources;
  std::vector<int64_t> lengths;
  std::vector<SentenceOptions> given;
  for (const Line& line : lines) {
    sources.push_back(line.source);
    lengths.push_back(line.length());
    given.push_back({line.prefix, line.number});
  }
  const SourceBatch batch = make_source_batch(sources);
  const auto decoder = model_.start_decoder(batch.source, batch.source_keep);
  const auto found = search(*decoder, lengths, search_options(options), given);
  std::vector<std::vector<AttentionLayer>> attention;
  if (options.attention || options.replace_unknown) {
    EncodedPairs pairs;
    for (std::size_t k = 0; k < lines.size(); ++k) {
      for (const Hypothesis& hypothesis : found[k]) {
        pairs.source.push_back(lines[k].source);
        pairs.target.push_back(hypothesis.ids);
      }
    }
    attention = attention_of(pairs);
  }
  Results results(lines.size());
  std::size_t number = 0;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    for (const Hypothesis& hypothesis : found[k]) {
      std::vector<AttentionLayer> layers;
      if (!attention.empty()) layers = std::move(attention[number++]);
      results[k].push_back(translation(hypothesis, lines[k].tokens, std::move(layers), options));
    }
  }
  return results;
}

/// Every attention of the model while it reads the target of each pair.
std::vector<std::vector<AttentionLayer>> Translator::attention_of(const EncodedPairs& pairs) const {
  std::vector<int64_t> all(pairs.source.size());
  std::iota(all.begin(), all.end(), int64_t{0});
  const Batch b = make_batch(pairs, all);
  std::vector<std::vector<AttentionLayer>> result(pairs.source.size());
  for (const AttentionWeights& weights :
       model_.attention_weights(b.source, b.source_keep, b.target_in)) {
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i].push_back(attention_layer(weights, static_cast<int64_t>(i),
                                          static_cast<int64_t>(pairs.source[i].size()),
                                          static_cast<int64_t>(pairs.target[i].size())));
    }
  }
  return result;
}

Translation Translator::translation(const Hypothesis& hypothesis,
                                    const std::vector<std::string>& source,
                                    std::vector<AttentionLayer> attention,
                                    const TranslateOptions& options) const {
  Translation result;
  result.source = with_end(source);
  result.target = target_.decode(hypothesis.ids);
  result.score = hypothesis.score;
  result.log_probabilities = hypothesis.log_probabilities;
  result.attention = std::move(attention);
  if (options.replace_unknown) {
    const std::vector<int64_t> words = strongest_words(result);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (hypothesis.ids[i] != Vocabulary::unk) continue;
      result.target[i] = source[static_cast<std::size_t>(words[i])];
    }
  }
  result.text = tokenizer_->join({result.target.begin(), result.target.end() - 1});
  if (!options.attention) result.attention.clear();
  return result;
}

std::vector<std::pair<int64_t, int64_t>> alignment(const Translation& translation) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  const std::vector<int64_t> words = strongest_words(translation);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    pairs.push_back({words[i], static_cast<int64_t>(i)});
  }
  return pairs;
}

std::string to_pharaoh(const std::vector<std::pair<int64_t, int64_t>>& alignment) {
  std::string text;
  for (const auto& [source, target] : alignment) {
    if (!text.empty()) text += ' ';
    text += std::to_string(source) + '-' + std::to_string(target);
  }
  return text;
}

}  // namespace heed
