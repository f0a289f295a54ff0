#include "line_report.hpp"

#include "../../core/error.hpp"
#include "output.hpp"

namespace heed::tools {

namespace {

std::string counted(int64_t part, int64_t all, const std::string& what) {
  return std::to_string(part) + " of " + std::to_string(all) + ' ' + what;
}

}  // namespace

void LineReport::bad(const std::string& message) {
  constexpr int64_t most_said = 20;
  if (++bad_ <= most_said) say("error: " + message);
  if (bad_ == most_said + 1) say("error: further bad lines are only counted");
}

void LineReport::note(const std::string& message) {
  if (!quiet_) say(message);
}

void LineReport::count_words(int64_t number, const std::vector<std::string>& words,
                             const Vocabulary& vocabulary) {
  ++lines_;
  words_ += static_cast<int64_t>(words.size());
  int64_t unknown = 0;
  for (const std::string& word : words) {
    if (vocabulary.id(word) != Vocabulary::unk) continue;
    if (unknown_ + unknown++ > 0) continue;
    first_ = word;
    first_line_ = number;
  }
  unknown_ += unknown;
  if (unknown > 0) ++lines_with_unknown_;
}

int LineReport::finish() const {
  if (unknown_ > 0 && !quiet_) {
    say(counted(unknown_, words_, "words are not in the source vocabulary (in ") +
        counted(lines_with_unknown_, lines_, "lines); the first is '") + escaped(first_) +
        "' in line " + std::to_string(first_line_));
  }
  if (bad_ > 1) say("error: " + std::to_string(bad_) + " bad lines in all");
  return bad_ > 0 ? 3 : 0;
}

}  // namespace heed::tools
