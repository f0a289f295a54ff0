#include "reference_scores.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "../../core/error.hpp"
#include "../../core/softmax.hpp"
#include "attention_layers.hpp"
#include "attention_sizes.hpp"
#include "translator.hpp"
#include "translator_batches.hpp"

namespace heed {

namespace {

/// Why a pair can't be read; empty if it can.
std::string problem_of(const LengthLimits& limits, int64_t S, int64_t T, double bytes) {
  const std::string tokens =
      std::to_string(S) + " and " + std::to_string(T) + " tokens, end symbols included; ";
  if (S > limits.source) {
    return tokens + "the model has " + std::to_string(limits.source) + " positions for the source";
  }
  if (T > limits.target) {
    return tokens + "the model has " + std::to_string(limits.target) + " positions for the target";
  }
  return bytes > memory_left() ? tokens + memory_problem(bytes) : std::string();
}

/// A pair that can't be read: `DataError`, or a result without a score.
void refuse(ReferenceScore& result, std::size_t line, TooLong too_long) {
  if (too_long == TooLong::fail) {
    throw DataError("score: line " + std::to_string(line) + ": " + result.problem);
  }
  result.log_probability = std::numeric_limits<double>::quiet_NaN();
}

/// Adds the log-probabilities of the words, in row `row` of `p` [B, T, V].
void add_words(ReferenceScore& result, const Tensor& p, int64_t row,
               const std::vector<int32_t>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    result.log_probabilities.push_back(p.at({row, static_cast<int64_t>(i), words[i]}));
    result.log_probability += result.log_probabilities.back();
  }
}

void append(text::EncodedPairs& pairs, const TextCodec& text,
            const std::vector<std::string>& source, const std::vector<std::string>& target) {
  pairs.source.push_back(text.source.encode(source));
  pairs.source.back().push_back(Vocabulary::eos);
  pairs.target.push_back(text.target.encode(target));
  pairs.target.back().push_back(Vocabulary::eos);
}

text::EncodedPairs encode(const char* caller, const TextCodec& text,
                          const std::vector<std::string>& sources,
                          const std::vector<std::string>& references) {
  if (sources.size() != references.size()) {
    throw DataError(std::string(caller) + ": " + std::to_string(sources.size()) + " sources, " +
                    std::to_string(references.size()) + " references");
  }
  text::EncodedPairs pairs;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    append(pairs, text, text.tokens(sources[i]), text.tokens(references[i]));
  }
  return pairs;
}

/// By the targets' lengths. Bytes are those of the largest attention and of the logits of
/// `vocabulary` words and their softmax; short pairs count as nothing.
std::vector<SentenceSize> sizes_of(const text::EncodedPairs& pairs, const TranslationModel& model,
                                   int64_t vocabulary) {
  std::vector<SentenceSize> sizes;
  std::optional<AttentionSizes> attention;
  for (std::size_t i = 0; i < pairs.target.size(); ++i) {
    const auto S = static_cast<int64_t>(pairs.source[i].size());
    const auto T = static_cast<int64_t>(pairs.target[i].size());
    SentenceSize& size = sizes.emplace_back(SentenceSize{T, 0});
    if (std::max(S, T) <= short_text) continue;
    if (!attention) attention.emplace(model);
    const double logits = sizeof(float) * static_cast<double>(T) * static_cast<double>(vocabulary);
    size.bytes = attention->forcing(S, T) + 2 * logits;
  }
  return sizes;
}

std::vector<ReferenceScore> scores_of(const TranslationModel& model,
                                      const text::EncodedPairs& pairs, int64_t vocabulary,
                                      int64_t batch, TooLong too_long) {
  NoGrad no_grad;
  std::vector<ReferenceScore> results(pairs.source.size());
  std::vector<std::size_t> read;
  const std::vector<SentenceSize> all = sizes_of(pairs, model, vocabulary);
  std::vector<SentenceSize> sizes;
  for (std::size_t i = 0; i < results.size(); ++i) {
    ReferenceScore& result = results[i];
    result.tokens = static_cast<int64_t>(pairs.target[i].size());
    result.problem = problem_of(model.length_limits(), static_cast<int64_t>(pairs.source[i].size()),
                                result.tokens, all[i].bytes);
    if (!result.problem.empty()) {
      refuse(result, i + 1, too_long);
      continue;
    }
    read.push_back(i);
    sizes.push_back(all[i]);
  }
  in_batches("score", sizes, batch, memory_left(), [&](const std::vector<std::size_t>& places) {
    std::vector<int64_t> numbers;
    for (const std::size_t i : places) numbers.push_back(static_cast<int64_t>(read[i]));
    const text::Batch b = text::make_batch(pairs, numbers);
    const Tensor p = log_softmax(model(b.source, b.source_keep, b.target_in));  // [B, T, V]
    for (std::size_t row = 0; row < places.size(); ++row) {
      const std::size_t pair = read[places[row]];
      add_words(results[pair], p, static_cast<int64_t>(row), pairs.target[pair]);
    }
  });
  return results;
}

}  // namespace

ReferenceScore Translator::score(const std::string& source, const std::string& reference) const {
  return score(std::vector<std::string>{source}, std::vector<std::string>{reference})[0];
}

std::vector<ReferenceScore> Translator::score(const std::vector<std::string>& sources,
                                              const std::vector<std::string>& references,
                                              int64_t batch, TooLong too_long) const {
  if (too_long == TooLong::cut) throw ConfigError("score: nothing is cut; skip or fail");
  const text::EncodedPairs pairs = encode("score", text_, sources, references);
  return scores_of(model_, pairs, text_.target.size(), batch, too_long);
}

ReferenceGradients Translator::gradients(const std::vector<std::string>& sources,
                                         const std::vector<std::string>& references,
                                         int64_t batch) const {
  const text::EncodedPairs pairs = encode("gradients", text_, sources, references);
  const std::vector<SentenceSize> sizes = sizes_of(pairs, model_, text_.target.size());
  ReferenceGradients result{0, named_parameters(model_)};
  const std::vector<Tensor> weights = parameters(model_);
  for (NamedTensor& one : result.gradients) {
    one.tensor = Tensor::zeros(one.tensor.shape(), one.tensor.dtype());
  }
  in_batches("gradients", sizes, batch, memory_left(),
             [&](const std::vector<std::size_t>& numbers) {
               const text::Batch b = text::make_batch(pairs, {numbers.begin(), numbers.end()});
               const Tensor loss =
                   model_.loss(b.source, b.source_keep, b.target_in, b.target_out,
                               {.ignore_index = Vocabulary::pad, .reduction = Reduction::sum});
               const std::vector<Tensor> gradients = grad({loss}, weights);
               result.loss += loss.item();
               for (std::size_t i = 0; i < weights.size(); ++i) {
                 result.gradients[i].tensor.add_(gradients[i]);
               }
             });
  return result;
}

Translation Translator::force_decode(const std::string& source,
                                     const std::string& reference) const {
  NoGrad no_grad;
  Translation result;
  result.text = reference;
  result.source = text_.tokens(source);
  result.target = text_.tokens(reference);
  text::EncodedPairs pairs;
  append(pairs, text_, result.source, result.target);
  for (std::vector<std::string>* tokens : {&result.source, &result.target}) {
    tokens->push_back("</s>");
  }
  const ReferenceScore scored = scores_of(model_, pairs, text_.target.size(), 1, TooLong::fail)[0];
  result.score = scored.log_probability / static_cast<double>(scored.tokens);
  result.log_probabilities = scored.log_probabilities;
  result.attention = attention_layers(model_, pairs)[0];
  return result;
}

}  // namespace heed
