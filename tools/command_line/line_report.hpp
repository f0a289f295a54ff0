#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../models/text/vocabulary.hpp"

namespace heed::tools {

/// What a run over the lines of a text has to say on stderr: one bad line costs one line, and the
/// exit status tells of it.
class LineReport {
 public:
  explicit LineReport(bool quiet) : quiet_(quiet) {}

  /// A line without a result; `message` names it. The first ones are said, all are counted.
  void bad(const std::string& message);
  /// Something that needs no exit status of its own; not said with --quiet.
  void note(const std::string& message);
  /// Counts the words of line `number`, from 1, that `vocabulary` doesn't know.
  void count_words(int64_t number, const std::vector<std::string>& words,
                   const Vocabulary& vocabulary);
  /// Says what was counted; the exit status: 3 if there was a bad line, else 0.
  int finish() const;

 private:
  bool quiet_;
  int64_t bad_ = 0, lines_ = 0, words_ = 0, unknown_ = 0, lines_with_unknown_ = 0;
  /// The first unknown word, and where it stands.
  std::string first_;
  int64_t first_line_ = 0;
};

}  // namespace heed::tools
