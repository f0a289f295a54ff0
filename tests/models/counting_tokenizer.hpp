#pragma once

#include <string>
#include <vector>

#include "../../models/text/tokenizer.hpp"

/// Words, and the lines that were cut into them.
class CountingTokenizer final : public heed::Tokenizer {
 public:
  std::string name() const override { return words_.name(); }
  std::vector<std::string> split(const std::string& line) const override {
    lines.push_back(line);
    return words_.split(line);
  }
  std::string join(const std::vector<std::string>& tokens) const override {
    return words_.join(tokens);
  }
  mutable std::vector<std::string> lines;

 private:
  heed::WordTokenizer words_;
};
