#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../config/config.hpp"
#include "../text/batches.hpp"
#include "../text/parallel_text.hpp"
#include "../text/tokenizer.hpp"
#include "../text/vocabulary.hpp"

namespace heed {

/// Pairs of sentences for training and validation: their lines, the ids of the lines, and what
/// reads them. Made by the functions below.
struct TranslationData {
  std::shared_ptr<const Tokenizer> tokenizer;
  Vocabulary source_vocabulary, target_vocabulary;
  ParallelText train, valid;
  text::EncodedPairs train_ids, valid_ids;
};

/// Reads the four files that `config` names with the tokenizer that it names; the rest as below.
/// Throws `ConfigError` where a file is not named, `DataError`, `IoError`.
TranslationData load_translation_data(Config& config, std::vector<std::string>& notes);

/// Drops the pairs that the filter of `config` refuses, builds the vocabularies from what is left
/// of `train`, and sets their sizes in `config`. Each line is tokenised once. What the user should
/// hear is appended to `notes`. `DataError` if no pair is left.
TranslationData make_translation_data(Config& config, ParallelText train, ParallelText valid,
                                      std::shared_ptr<const Tokenizer> tokenizer,
                                      std::vector<std::string>& notes);

}  // namespace heed
