#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../model.hpp"
#include "text_codec.hpp"
#include "translate_options.hpp"

namespace heed {

/// A line that the model translates.
struct SourceLine {
  /// Its place among the lines given, and its number in the text.
  std::size_t place = 0;
  int64_t number = 0;
  /// Its tokens, their ids with `</s>`, and the ids that its translation starts with.
  std::vector<std::string> tokens;
  std::vector<int32_t> ids, prefix;
  /// The most that it may take, for as many words as its translation may have; 0 for a short line.
  double bytes = 0;
  int64_t length() const { return static_cast<int64_t>(ids.size()); }
};

/// The lines that are not blank and not too long, cut where they may be. `problems`, one for each
/// of `lines`, receives what is wrong with a line. prefixes: one for each line or none at all.
/// Throws what `Translator::translate` says.
std::vector<SourceLine> source_lines(const TranslationModel& model, const TextCodec& text,
                                     const std::vector<std::string>& lines,
                                     const std::vector<std::string>& prefixes,
                                     const TranslateOptions& options,
                                     std::vector<std::string>& problems);

}  // namespace heed
