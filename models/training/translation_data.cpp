#include "translation_data.hpp"

#include "../../core/error.hpp"
#include "../text/numbered_text.hpp"
#include "../text/utf8.hpp"

namespace heed {

namespace {

using Sentences = std::vector<std::vector<int32_t>>;

void to_lowercase(ParallelText& text) {
  for (std::string& line : text.source) line = lowercase(line);
  for (std::string& line : text.target) line = lowercase(line);
}

ParallelText read_text(const std::string& source, const std::string& target, const char* role,
                       std::vector<std::string>& notes) {
  if (source.empty() || target.empty()) {
    throw ConfigError(std::string("the ") + role + " text is missing: data." + role +
                      "_source and data." + role + "_target");
  }
  return read_parallel_text(source, target, notes);
}

/// A note where words of a side of a text are not in its vocabulary, how many and the first.
/// `tokens` and `ids` are those of each number in `sentences`.
void note_unknown(const char* text, const char* side, const Sentences& sentences,
                  const std::vector<std::string>& tokens, const std::vector<int32_t>& ids,
                  std::vector<std::string>& notes) {
  int64_t words = 0, unknown = 0;
  std::string first;
  for (const std::vector<int32_t>& sentence : sentences) {
    words += static_cast<int64_t>(sentence.size());
    for (const int32_t number : sentence) {
      const auto n = static_cast<std::size_t>(number);
      if (ids[n] == Vocabulary::unk && unknown++ == 0) first = tokens[n];
    }
  }
  if (unknown == 0) return;
  notes.push_back(std::string(text) + ": " + std::to_string(unknown) + " of " +
                  std::to_string(words) + ' ' + side +
                  " words are unknown, read as <unk>; the first is '" + escaped(first) + "'" +
                  (first.find('\t') == std::string::npos ? "" : " (a tab parts no words)"));
}

/// The vocabulary of what the sentences of these texts hold.
Vocabulary vocabulary_of(const std::vector<std::string>& tokens,
                         const std::vector<const Sentences*>& texts, const DataConfig& config) {
  std::vector<int64_t> counts(tokens.size());
  for (const Sentences* sentences : texts) {
    for (const std::vector<int32_t>& sentence : *sentences) {
      for (const int32_t number : sentence) ++counts[static_cast<std::size_t>(number)];
    }
  }
  return Vocabulary::build(tokens, counts, config.min_count, config.max_vocabulary);
}

/// The ids of a text: each number's, and `</s>` at the end of a sentence.
text::EncodedPairs encoded(NumberedText& text, const std::vector<int32_t>& source_ids,
                           const std::vector<int32_t>& target_ids) {
  const auto encode = [](Sentences& sentences, const std::vector<int32_t>& ids) {
    for (std::vector<int32_t>& sentence : sentences) {
      for (int32_t& number : sentence) number = ids[static_cast<std::size_t>(number)];
      sentence.push_back(Vocabulary::eos);
    }
    return std::move(sentences);
  };
  return {encode(text.source, source_ids), encode(text.target, target_ids)};
}

/// The pairs of a text that `filter` keeps, with a note if it does not keep all.
NumberedText kept(ParallelText text, const PairFilter& filter, const Tokenizer& tokenizer,
                  TokenNumbers& source, TokenNumbers& target, const char* name,
                  std::vector<std::string>& notes) {
  FilterCounts counts;
  NumberedText result =
      filter_pairs(std::move(text), filter, tokenizer, source, target, counts, name);
  if (counts.kept < counts.read) {
    notes.push_back(std::string(name) + ": " + to_string(counts, filter));
  }
  return result;
}

}  // namespace

TranslationData load_translation_data(Config& config, std::vector<std::string>& notes) {
  const DataConfig& names = config.data;
  ParallelText train = read_text(names.train_source, names.train_target, "train", notes);
  ParallelText valid = read_text(names.valid_source, names.valid_target, "valid", notes);
  return make_translation_data(config, std::move(train), std::move(valid),
                               make_tokenizer(to_string(config.tokenizer)), notes);
}

TranslationData make_translation_data(Config& config, ParallelText train, ParallelText valid,
                                      std::shared_ptr<const Tokenizer> tokenizer,
                                      std::vector<std::string>& notes) {
  const DataConfig& c = config.data;
  if (c.lowercase) to_lowercase(train), to_lowercase(valid);
  const std::string warning = identical_text_warning(train, valid);
  if (!warning.empty()) notes.push_back(warning);

  TokenNumbers source, own_target;
  TokenNumbers& target = c.shared_vocabulary ? source : own_target;
  const PairFilter filter{.max_length = c.max_length, .length_ratio = c.length_ratio};
  NumberedText trained =
      kept(std::move(train), filter, *tokenizer, source, target, "training text", notes);
  NumberedText held_out =
      kept(std::move(valid), {}, *tokenizer, source, target, "validation text", notes);

  std::vector<const Sentences*> source_texts{&trained.source}, target_texts{&trained.target};
  if (c.shared_vocabulary) source_texts = target_texts = {&trained.source, &trained.target};
  TranslationData data;
  data.tokenizer = std::move(tokenizer);
  data.source_vocabulary = vocabulary_of(source.tokens(), source_texts, c);
  data.target_vocabulary = vocabulary_of(target.tokens(), target_texts, c);
  config.set_vocabularies(data.source_vocabulary.size(), data.target_vocabulary.size());

  const std::vector<int32_t> source_ids = data.source_vocabulary.encode(source.tokens());
  const std::vector<int32_t> target_ids = data.target_vocabulary.encode(target.tokens());
  const auto note_unknown_of = [&](const char* name, const NumberedText& text) {
    note_unknown(name, "source", text.source, source.tokens(), source_ids, notes);
    note_unknown(name, "target", text.target, target.tokens(), target_ids, notes);
  };
  if (c.min_count > 1 || c.max_vocabulary > 0) note_unknown_of("training text", trained);
  note_unknown_of("validation text", held_out);

  data.train_ids = encoded(trained, source_ids, target_ids);
  data.valid_ids = encoded(held_out, source_ids, target_ids);
  data.train = std::move(trained.lines);
  data.valid = std::move(held_out.lines);
  return data;
}

}  // namespace heed
