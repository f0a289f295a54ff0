#pragma once

#include <cstdint>
#include <vector>

#include <heed/layers/multi_head_attention.hpp>

namespace heed {

/// The keys and values of the words that R hypotheses have written so far, for one attention of a
/// decoder: each step appends one word and recomputes none. Only for decoding, without history.
class KeyValueCache {
 public:
  /// Appends the newest word of every hypothesis, [R, G, 1, K] each -> all words, [R, G, t, K]:
  /// views, good until the next change.
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
