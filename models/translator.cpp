#include <heed/models/translator.hpp>

#include <algorithm>
#include <numeric>

#include <heed/core/error.hpp>
#include <heed/core/softmax.hpp>
#include <heed/models/ensemble.hpp>
#include <heed/models/model_folder.hpp>
#include <heed/models/utf8.hpp>

namespace heed {

namespace {

std::vector<std::string> with_end(std::vector<std::string> tokens) {
  tokens.push_back("</s>");
  return tokens;
}

/// The numbers of `lengths`, longest first, so that a batch holds sentences of like length.
std::vector<std::size_t> by_length(const std::vector<int64_t>& lengths) {
  std::vector<std::size_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : a < b;
  });
  return order;
}

/// Calls `work` with the numbers of at most `batch` sentences of like length at a time.
template <class F>
void in_batches(const std::vector<int64_t>& lengths, int64_t batch, F work) {
  if (batch < 1) {
    throw ConfigError("translate: batch " + std::to_string(batch) + ", expected at least 1");
  }
  const std::vector<std::size_t> order = by_length(lengths);
  const auto size = static_cast<std::size_t>(batch);
  for (std::size_t i = 0; i < order.size(); i += size) {
    const std::size_t end = std::min(order.size(), i + size);
    work(std::vector<std::size_t>(order.begin() + static_cast<std::ptrdiff_t>(i),
                                  order.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

std::vector<int64_t> target_lengths(const EncodedPairs& pairs) {
  std::vector<int64_t> lengths;
  for (const auto& target : pairs.target) lengths.push_back(static_cast<int64_t>(target.size()));
  return lengths;
}

SearchOptions search_options(const TranslateOptions& options) {
  SearchOptions result;
  result.beam = options.beam;
  result.length_penalty = options.length_penalty;
  result.coverage_penalty = options.coverage_penalty;
  result.nbest = options.nbest;
  result.min_length = options.min_length;
  result.max_length = options.max_length;
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

Translator Translator::load(const std::string& folder, const ModelBuilder& build) {
  ModelFolder parts = load_model_folder(folder, build);
  Translator result(std::move(parts.model), make_tokenizer(to_string(parts.config.tokenizer)),
                    std::move(parts.source), std::move(parts.target), parts.config.data.lowercase);
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
  std::vector<std::vector<Translation>> results(lines.size(), {Translation{}});
  const std::vector<Line> seen = lines_to_translate(lines, options, prefixes);
  std::vector<int64_t> lengths;
  for (const Line& line : seen) lengths.push_back(line.length());
  in_batches(lengths, options.batch, [&](const std::vector<std::size_t>& numbers) {
    std::vector<Line> batch;
    for (const std::size_t i : numbers) batch.push_back(seen[i]);
    std::vector<std::vector<Translation>> translated = translate_batch(batch, options);
    for (std::size_t k = 0; k < batch.size(); ++k) {
      results[batch[k].place] = std::move(translated[k]);
    }
  });
  return results;
}

/// The lines that are not blank, as tokens and ids.
std::vector<Translator::Line> Translator::lines_to_translate(
    const std::vector<std::string>& lines, const TranslateOptions& options,
    const std::vector<std::string>& prefixes) const {
  if (!prefixes.empty() && prefixes.size() != lines.size()) {
    throw DataError("translate: " + std::to_string(lines.size()) + " lines, " +
                    std::to_string(prefixes.size()) + " prefixes");
  }
  std::vector<Line> result;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (blank(lines[i])) continue;
    Line line{i, options.first_line + static_cast<int64_t>(i), tokens_of(lines[i]), {}, {}};
    line.source = source_.encode(line.tokens);
    line.source.push_back(Vocabulary::eos);
    if (!prefixes.empty()) line.prefix = target_.encode(tokens_of(prefixes[i]));
    const int64_t most = max_words(search_options(options), line.length());
    if (static_cast<int64_t>(line.prefix.size()) > most) {
      throw DataError("translate: the prefix of line " + std::to_string(line.number + 1) + " has " +
                      std::to_string(line.prefix.size()) +
                      " tokens, the maximum length of its translation is " + std::to_string(most));
    }
    result.push_back(std::move(line));
  }
  return result;
}

std::vector<std::vector<Translation>> Translator::translate_batch(
    const std::vector<Line>& lines, const TranslateOptions& options) const {
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
  std::vector<std::vector<Translation>> results(lines.size());
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
  for (const AttentionWeights& weights : model_.attend(b.source, b.source_keep, b.target_in)) {
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

ReferenceScore Translator::score(const std::string& source, const std::string& reference) const {
  return score(std::vector<std::string>{source}, std::vector<std::string>{reference})[0];
}

std::vector<ReferenceScore> Translator::score(const std::vector<std::string>& sources,
                                              const std::vector<std::string>& references,
                                              int64_t batch) const {
  NoGrad no_grad;
  const EncodedPairs pairs = encode(sources, references);
  std::vector<ReferenceScore> results(sources.size());
  in_batches(target_lengths(pairs), batch, [&](const std::vector<std::size_t>& numbers) {
    const Batch b = make_batch(pairs, {numbers.begin(), numbers.end()});
    const Tensor p = log_softmax(model_(b.source, b.source_keep, b.target_in));  // [B, T, V]
    for (std::size_t row = 0; row < numbers.size(); ++row) {
      const std::vector<int32_t>& words = pairs.target[numbers[row]];
      ReferenceScore& result = results[numbers[row]];
      result.tokens = static_cast<int64_t>(words.size());
      for (std::size_t i = 0; i < words.size(); ++i) {
        const double one = p.at({static_cast<int64_t>(row), static_cast<int64_t>(i), words[i]});
        result.log_probabilities.push_back(one);
        result.log_probability += one;
      }
    }
  });
  return results;
}

ReferenceGradients Translator::gradients(const std::vector<std::string>& sources,
                                         const std::vector<std::string>& references,
                                         int64_t batch) const {
  const EncodedPairs pairs = encode(sources, references);
  ReferenceGradients result{0, named_parameters(model_)};
  const std::vector<Tensor> weights = parameters(model_);
  for (NamedTensor& one : result.gradients) one.tensor = Tensor::zeros(one.tensor.shape());
  in_batches(target_lengths(pairs), batch, [&](const std::vector<std::size_t>& numbers) {
    const Batch b = make_batch(pairs, {numbers.begin(), numbers.end()});
    const Tensor loss = model_.loss(b.source, b.source_keep, b.target_in, b.target_out,
                                    {.ignore_index = Vocabulary::pad, .reduction = Reduction::sum});
    const std::vector<Tensor> gradients = grad({loss}, weights);
    result.loss += loss.item();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      result.gradients[i].tensor.add_(gradients[i]);
    }
  });
  return result;
}

EncodedPairs Translator::encode(const std::vector<std::string>& sources,
                                const std::vector<std::string>& references) const {
  if (sources.size() != references.size()) {
    throw DataError("score: " + std::to_string(sources.size()) + " sources, " +
                    std::to_string(references.size()) + " references");
  }
  EncodedPairs pairs;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    pairs.source.push_back(source_.encode(tokens_of(sources[i])));
    pairs.source.back().push_back(Vocabulary::eos);
    pairs.target.push_back(target_.encode(tokens_of(references[i])));
    pairs.target.back().push_back(Vocabulary::eos);
  }
  return pairs;
}

Translation Translator::attend(const std::string& source, const std::string& reference) const {
  NoGrad no_grad;
  const ReferenceScore scored = score(source, reference);
  Translation result;
  result.text = reference;
  result.source = with_end(tokens_of(source));
  result.target = with_end(tokens_of(reference));
  result.score = scored.log_probability / static_cast<double>(scored.tokens);
  result.log_probabilities = scored.log_probabilities;
  result.attention = attention_of(encode({source}, {reference}))[0];
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
