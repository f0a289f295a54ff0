#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer.hpp"

namespace heed {

/// The tokens that a model knows, numbered from 0. The first four are the symbols
/// `<pad> <unk> <s> </s>`. A text can't name a symbol: a literal `<s>` in it is an unknown word.
/// Files (`source.vocab`) are UTF-8, one token a line in the order of the ids.
class Vocabulary {
 public:
  static constexpr int32_t pad = 0, unk = 1, bos = 2, eos = 3;

  /// The four symbols alone.
  Vocabulary();
  /// `tokens` in the order of their ids, the four symbols first. `DataError` for a missing symbol,
  /// a token that occurs twice (both places), an empty one, invalid UTF-8 and control characters;
  /// `file` is the name in messages, whose lines count from 1.
  explicit Vocabulary(std::vector<std::string> tokens, const std::string& file = "vocabulary");
  /// The symbols and the tokens that occur at least `min_count` times in `lines`: frequent ones
  /// first, equally frequent ones by code point, at most `most` of them (0: no limit). Tokens with
  /// control characters stay unknown.
  static Vocabulary build(const std::vector<std::string>& lines, const Tokenizer& tokenizer,
                          int64_t min_count = 1, int64_t most = 0);
  /// The same of different tokens, each with how often it occurs.
  static Vocabulary build(const std::vector<std::string>& tokens,
                          const std::vector<int64_t>& counts, int64_t min_count = 1,
                          int64_t most = 0);
  /// Reads a file. `IoError` if it can't be read; `DataError` as above, and if its last line is
  /// cut.
  static Vocabulary load(const std::string& path);
  /// Writes a file through a temporary name.
  void save(const std::string& path) const;
  /// What `save` writes: a line for each token.
  std::string text() const;

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  const std::vector<std::string>& tokens() const { return tokens_; }
  /// The token of an id; `IndexError` outside of [0, size).
  const std::string& token(int64_t id) const;
  /// The id of a word of text; `unk` if it isn't known or is spelt like one of the symbols.
  int32_t id(const std::string& token) const;
  std::vector<int32_t> encode(const std::vector<std::string>& tokens) const;
  std::vector<std::string> decode(const std::vector<int32_t>& ids) const;

  bool operator==(const Vocabulary& other) const { return tokens_ == other.tokens_; }

 private:
  void index(const std::string& file);
  std::vector<std::string> tokens_;
  /// The ids in the byte order of their tokens (which is the order of code points), to search in.
  std::vector<int32_t> sorted_;
};

}  // namespace heed
