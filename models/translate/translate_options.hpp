#pragma once

#include <cstdint>

#include "../search/search.hpp"

namespace heed {

/// What becomes of a line that has more tokens than the model has positions for: its first ones are
/// translated; its translation is empty; `DataError`. A line that would take more memory than there
/// is can't be cut: its translation is empty, or `DataError`.
enum class TooLong { cut, skip, fail };

struct TranslateOptions {
  /// How translations are looked for, or drawn: beam, penalties, lengths. `search.nbest` of each
  /// line are what `translate_nbest` gives.
  SearchOptions search = {};
  /// The number of the first line in its text, from 0: with the seed the number of a line decides
  /// what is drawn for it, and messages name it. For a text that is translated in parts.
  int64_t first_line = 0;
  /// Put the source word with the strongest weight where the model wrote `<unk>`.
  bool replace_unknown = false;
  /// With `cut` and `skip`, `Translation::problem` says what happened to a line.
  TooLong too_long = TooLong::fail;
  /// Sentences that are translated at the same time; fewer where memory is short.
  int64_t batch = 64;
  /// Hand out the attention weights.
  bool attention = true;
};

}  // namespace heed
