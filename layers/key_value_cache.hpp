#pragma once

#include <cstdint>
#include <vector>

#include "multi_head_attention.hpp"

namespace heed {

/// The keys and values of the words that R texts have so far, for one attention of each of them to
/// itself: words that come later are appended, and none is computed again. The first to come are
/// held as they are, with their history: a text that is read all at once may be trained through an
/// empty cache. Words that come later are copied to them, and have none.
class KeyValueCache {
 public:
  /// Appends the newest words of every text, [R, G, n, K] each -> all words, [R, G, t, K]: views,
  /// good until the next change. Throws `ShapeError`, `TypeError` for another element type,
  /// `GraphError` where a history would be lost.
  KeysAndValues append(const KeysAndValues& newest);
  /// Row i goes on from what was row `rows[i]`. Rows that stay where they are are not copied.
  /// Throws `IndexError` for a row that it does not hold, `GraphError` as `append`.
  void reorder(const std::vector<int32_t>& rows);
  /// Words so far.
  int64_t length() const { return length_; }

 private:
  void make_room(int64_t rows, int64_t words);

  /// The words: as they came, or its own copies [R, G, capacity, K], the capacity doubling when it
  /// is used up.
  KeysAndValues kept_;
  bool own_ = false;
  int64_t rows_ = 0, length_ = 0;
};

}  // namespace heed
