#pragma once

#include <memory>
#include <string>
#include <vector>

namespace heed {

/// Cuts a line into the tokens that a vocabulary numbers, and joins tokens to a line again.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  /// The name that config.json stores: `word`, `char`.
  virtual std::string name() const = 0;
  /// The tokens of a line of valid UTF-8; none is empty.
  virtual std::vector<std::string> split(const std::string& line) const = 0;
  /// The line that these tokens make.
  virtual std::string join(const std::vector<std::string>& tokens) const = 0;
};

/// Words are what stands between runs of U+0020; nothing else is changed.
/// Joined with single spaces.
class WordTokenizer final : public Tokenizer {
 public:
  std::string name() const override { return "word"; }
  std::vector<std::string> split(const std::string& line) const override;
  std::string join(const std::vector<std::string>& tokens) const override;
};

/// Every code point is a token, spaces too. Joined without anything between.
class CharTokenizer final : public Tokenizer {
 public:
  std::string name() const override { return "char"; }
  std::vector<std::string> split(const std::string& line) const override;
  std::string join(const std::vector<std::string>& tokens) const override;
};

/// The tokenizer of that name; `ConfigError` lists the names there are.
std::shared_ptr<const Tokenizer> make_tokenizer(const std::string& name);

}  // namespace heed
