#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../config/model_folder.hpp"
#include "../model.hpp"
#include "../search/search.hpp"
#include "../text/batches.hpp"
#include "../text/tokenizer.hpp"
#include "../text/vocabulary.hpp"
#include "translation.hpp"

namespace heed {

struct SentenceSize;

/// What becomes of a line that has more tokens than the model has positions for: its first ones are
/// translated; its translation is empty; `DataError`. A line that would take more memory than there
/// is can't be cut: its translation is empty, or `DataError`.
enum class TooLong { cut, skip, fail };

struct TranslateOptions {
  /// Hypotheses kept for each sentence; 1 is greedy search.
  int64_t beam = 5;
  LengthPenalty length_penalty = {};
  /// Asks of a translation to look at every source token, as `SearchOptions` says; 0: off.
  double coverage_penalty = 0;
  /// Translations of each line that `translate_nbest` gives, at most `beam` unless they are drawn.
  int64_t nbest = 1;
  /// Tokens of a translation without the end symbol; max_length 0: for S source tokens
  /// max_length_factor S + max_length_offset.
  int64_t min_length = 0, max_length = 0;
  double max_length_factor = 2;
  int64_t max_length_offset = 10;
  /// No sequence of this many tokens stands twice in a translation; 0: any may.
  int64_t no_repeat_ngram = 0;
  /// Draw words instead of looking for the most probable ones: each translation is a draw of its
  /// own, and `beam` plays no part.
  std::optional<Sampling> sampling = {};
  /// The number of the first line in its text, from 0: with the seed the number of a line decides
  /// what is drawn for it, and messages name it. For a text that is translated in parts.
  int64_t first_line = 0;
  /// Put the source word with the strongest weight where the model wrote `<unk>`.
  bool replace_unknown = false;
  /// With `cut` and `skip`, `Translation::problem` says what happened to a line.
  TooLong too_long = TooLong::fail;
  /// Sentences that are translated at the same time; fewer where memory is short.
  int64_t batch = 32;
  /// Hand out the attention weights.
  bool attention = true;
};

/// What a model thinks of a given translation.
struct ReferenceScore {
  /// Natural logarithm of its probability, summed in double, and of each token; end symbol
  /// included.
  double log_probability = 0;
  std::vector<double> log_probabilities;
  int64_t tokens = 0;
  /// Why there is no score (then it is NaN); empty otherwise.
  std::string problem;
};

/// How a model's loss on given translations changes with its weights.
struct ReferenceGradients {
  /// Cross-entropy of all tokens together (their log-probabilities, summed and negated).
  double loss = 0;
  /// Its gradient for every parameter, by the names and in the order of `named_parameters`.
  std::vector<NamedTensor> gradients;
};

/// A finished model with its vocabularies: text in, text out.
///
///     Translator translator = Translator::load("model");
///     Translation t = translator.translate("the red car");
class Translator {
 public:
  /// The model of a folder. `FormatError`, `DataError`, `IoError` say what is wrong with it.
  static Translator load(const std::string& folder);
  /// The same for a model that `build` makes, one with a score function of your own for example;
  /// see `load_model_folder`.
  static Translator load(const std::string& folder, ModelBuilder build);
  /// The models of several folders as one `Ensemble`, in this order. Throws as `load`, and
  /// `DataError` where tokenizers or vocabularies differ: which, and where first.
  static Translator load_ensemble(const std::vector<std::string>& folders);
  /// From parts, for a model of your own. `ConfigError` unless the parts fit together.
  Translator(TranslationModel model, std::shared_ptr<const Tokenizer> tokenizer, Vocabulary source,
             Vocabulary target, bool lowercase = false);

  /// What is taken where nothing is said: the search of the model's config.json (of several models,
  /// the first one's), and the defaults of all else.
  TranslateOptions options() const;
  /// The best translation of a line. An empty or blank line gives an empty translation, whatever
  /// its prefix. prefix: text that the translation starts with; an unknown word of it is `<unk>`.
  Translation translate(const std::string& line, const TranslateOptions& options,
                        const std::string& prefix = "") const;
  Translation translate(const std::string& line) const { return translate(line, options()); }
  /// The best translation of each line; what stands together in a batch changes no word. prefixes:
  /// one for each line (empty: none), or no prefixes at all. `DataError` for another number, and
  /// for a prefix that is longer than its translation may be.
  std::vector<Translation> translate(const std::vector<std::string>& lines,
                                     const TranslateOptions& options,
                                     const std::vector<std::string>& prefixes = {}) const;
  std::vector<Translation> translate(const std::vector<std::string>& lines) const {
    return translate(lines, options());
  }
  /// The `nbest` best translations of each line, best first.
  std::vector<std::vector<Translation>> translate_nbest(
      const std::vector<std::string>& lines, const TranslateOptions& options,
      const std::vector<std::string>& prefixes = {}) const;

  /// How probable `reference` is as a translation of `source`. Nothing is cut, unknown words are
  /// `<unk>`, an empty side is its end symbol alone.
  ReferenceScore score(const std::string& source, const std::string& reference) const;
  /// The same for lists of equal length (`DataError` otherwise), at most `batch` pairs at a time. A
  /// pair that is too long for the model or the memory is a `DataError` that names its line, or has
  /// a `problem` instead of a score (`skip`). `ConfigError` for `cut`.
  std::vector<ReferenceScore> score(const std::vector<std::string>& sources,
                                    const std::vector<std::string>& references, int64_t batch = 32,
                                    TooLong too_long = TooLong::fail) const;
  /// The loss of all pairs together and its gradients, read as `score` reads them, without dropout;
  /// for comparison with other programs.
  ReferenceGradients gradients(const std::vector<std::string>& sources,
                               const std::vector<std::string>& references,
                               int64_t batch = 32) const;
  /// The attention weights while the model reads a given translation.
  Translation force_decode(const std::string& source, const std::string& reference) const;

  const TranslationModel& model() const { return model_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const Vocabulary& source_vocabulary() const { return source_; }
  const Vocabulary& target_vocabulary() const { return target_; }
  /// What loading changed, a line each: weights that became float32 for example.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Line;
  std::vector<std::string> tokens_of(const std::string& line) const;
  using Results = std::vector<std::vector<Translation>>;
  std::vector<Line> lines_to_translate(const std::vector<std::string>& lines,
                                       const TranslateOptions& options,
                                       const std::vector<std::string>& prefixes,
                                       Results& results) const;
  Line encoded(const std::string& line, const TranslateOptions& options,
               std::string& problem) const;
  bool fits(const Line& line, double bytes, const TranslateOptions& options,
            std::string& problem) const;
  std::vector<SentenceSize> sizes_of(const std::vector<Line>& lines,
                                     const TranslateOptions& options) const;
  std::vector<SentenceSize> sizes_of(const EncodedPairs& pairs) const;
  Results translate_batch(const std::vector<Line>& lines, const TranslateOptions& options) const;
  EncodedPairs encode(const std::vector<std::string>& sources,
                      const std::vector<std::string>& references) const;
  std::vector<std::vector<AttentionLayer>> attention_of(const EncodedPairs& pairs) const;
  Translation translation(const Hypothesis& hypothesis, const std::vector<std::string>& source,
                          std::vector<AttentionLayer> attention,
                          const TranslateOptions& options) const;

  TranslationModel model_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Vocabulary source_, target_;
  bool lowercase_;
  SearchOptions search_;
  std::vector<std::string> notes_;
};

/// The source word with the strongest weight for each target word, as pairs (source, target) from
/// 0, ordered by target; weights are averaged over the layers and heads, end symbols left out.
std::vector<std::pair<int64_t, int64_t>> alignment(const Translation& translation);
/// `0-0 2-1 1-2`, Pharaoh's format.
std::string to_pharaoh(const std::vector<std::pair<int64_t, int64_t>>& alignment);

}  // namespace heed
