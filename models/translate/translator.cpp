#include "translator.hpp"

#include "../../core/error.hpp"
#include "attention_alignment.hpp"
#include "attention_layers.hpp"
#include "attention_sizes.hpp"
#include "source_lines.hpp"
#include "translator_batches.hpp"

namespace heed {

namespace {

/// A hypothesis as text, with the attention that it was found by.
Translation translation(const Hypothesis& hypothesis, const SourceLine& line, const TextCodec& text,
                        std::vector<AttentionLayer> attention, const TranslateOptions& options) {
  Translation result;
  result.source = line.tokens;
  result.source.push_back("</s>");
  result.target = text.target.decode(hypothesis.ids);
  result.score = hypothesis.score;
  result.log_probabilities = hypothesis.log_probabilities;
  result.attention = std::move(attention);
  if (options.replace_unknown) {
    const std::vector<int64_t> words = strongest_words(result);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (hypothesis.ids[i] != Vocabulary::unk) continue;
      result.target[i] = line.tokens[static_cast<std::size_t>(words[i])];
    }
  }
  result.text = text.tokenizer->join({result.target.begin(), result.target.end() - 1});
  if (!options.attention) result.attention.clear();
  return result;
}

/// The best hypotheses of each line, which stand together in a batch.
std::vector<std::vector<Hypothesis>> hypotheses(const TranslationModel& model,
                                                const std::vector<SourceLine>& lines,
                                                const SearchOptions& options) {
  std::vector<std::vector<int32_t>> sources;
  std::vector<int64_t> lengths;
  std::vector<SentenceOptions> given;
  for (const SourceLine& line : lines) {
    sources.push_back(line.ids);
    lengths.push_back(line.length());
    given.push_back({line.prefix, line.number});
  }
  const text::SourceBatch batch = text::make_source_batch(sources);
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  return search(*decoder, lengths, options, given);
}

/// The translations of each line, which stand together in a batch.
std::vector<std::vector<Translation>> translations(const TranslationModel& model,
                                                   const TextCodec& text,
                                                   const std::vector<SourceLine>& lines,
                                                   const TranslateOptions& options) {
  const auto found = hypotheses(model, lines, options.search);
  std::vector<std::vector<AttentionLayer>> attention;
  if (options.attention || options.replace_unknown) {
    text::EncodedPairs pairs;
    for (std::size_t k = 0; k < lines.size(); ++k) {
      for (const Hypothesis& hypothesis : found[k]) {
        pairs.source.push_back(lines[k].ids);
        pairs.target.push_back(hypothesis.ids);
      }
    }
    attention = attention_layers(model, pairs);
  }
  std::vector<std::vector<Translation>> results(lines.size());
  std::size_t number = 0;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    for (const Hypothesis& hypothesis : found[k]) {
      std::vector<AttentionLayer> layers;
      if (!attention.empty()) layers = std::move(attention[number++]);
      results[k].push_back(translation(hypothesis, lines[k], text, std::move(layers), options));
    }
  }
  return results;
}

}  // namespace

Translator::Translator(TranslationModel model, std::shared_ptr<const Tokenizer> tokenizer,
                       Vocabulary source, Vocabulary target, bool lowercase)
    : model_(std::move(model)),
      text_{std::move(tokenizer), std::move(source), std::move(target), lowercase} {
  if (!text_.tokenizer) {
    throw ConfigError("Translator: no tokenizer; make_tokenizer(\"word\") gives one");
  }
  eval(model_);
}

Translation Translator::translate(const std::string& line, const TranslateOptions& options,
                                  const std::string& prefix) const {
  return translate(std::vector<std::string>{line}, options, std::vector<std::string>{prefix})[0];
}

std::vector<Translation> Translator::translate(const std::vector<std::string>& lines,
                                               const TranslateOptions& options,
                                               const std::vector<std::string>& prefixes) const {
  TranslateOptions best_only = options;
  best_only.search.nbest = 1;
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
  check(options.search);
  std::vector<std::string> problems;
  const auto seen = source_lines(model_, text_, lines, prefixes, options, problems);
  std::vector<SentenceSize> sizes;
  for (const SourceLine& line : seen) sizes.push_back({line.length(), line.bytes});
  std::vector<std::vector<Translation>> results(lines.size(), {Translation{}});
  in_batches("translate", sizes, options.batch, memory_left(),
             [&](const std::vector<std::size_t>& numbers) {
               std::vector<SourceLine> batch;
               for (const std::size_t i : numbers) batch.push_back(seen[i]);
               auto translated = translations(model_, text_, batch, options);
               for (std::size_t k = 0; k < batch.size(); ++k) {
                 results[batch[k].place] = std::move(translated[k]);
               }
             });
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (Translation& each : results[i]) each.problem = problems[i];
  }
  return results;
}

}  // namespace heed
