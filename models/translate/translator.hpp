#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../config/model_folder.hpp"
#include "../model.hpp"
#include "reference_scores.hpp"
#include "text_codec.hpp"
#include "translate_options.hpp"
#include "translation.hpp"

namespace heed {

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
  TranslateOptions options() const { return {.search = search_}; }
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

  /// Converts the weights, and so all that is computed, to float32 or float64.
  void to(DType dtype) { heed::to(model_, dtype); }

  const TranslationModel& model() const { return model_; }
  const Tokenizer& tokenizer() const { return *text_.tokenizer; }
  const Vocabulary& source_vocabulary() const { return text_.source; }
  const Vocabulary& target_vocabulary() const { return text_.target; }
  /// What loading changed, a line each: weights that became float32 for example.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  TranslationModel model_;
  TextCodec text_;
  SearchOptions search_;
  std::vector<std::string> notes_;
};

}  // namespace heed
