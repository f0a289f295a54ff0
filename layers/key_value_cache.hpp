#pragma once

#include <cstdint>
#include <vector>

#include "multi_head_attention.hpp"

namespace heed {

/// The keys and values of the words that R hypotheses have written so far, for one attention of a
/// decoder: each step appends its words and recomputes none. Only for decoding, without history.
class KeyValueCache {
 public:
  /// Appends the newest words of every hypothesis, [R, G, n, K] each (n is 1 in a step, more for a
  /// text to go on from) -> all words, [R, G, t, K]: views, good until the next change. Throws
  /// `ShapeError`.
  KeysAndValues append(const KeysAndValues& newest);
  /// Row i goes on from what was row `rows[i]`. Rows that stay where they are are not copied.
  void reorder(const std::vector<int32_t>& rows);
  /// Words so far.
  int64_t length() const { return length_; }

 private:
  void make_room(int64_t rows, int64_t words);

  /// [R, G, capacity, K], the capacity doubling when it is used up.
  Array key_, value_;
  int64_t rows_ = 0, length_ = 0;
};

}  // namespace heed
