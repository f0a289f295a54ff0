#pragma once

#include <cstdint>
#include <exception>
#include <vector>

#include "../core/kernels/queries.hpp"
#include "multi_head_attention.hpp"

namespace heed {

/// The keys and values of the words that R texts have so far, for one attention of each of them to
/// itself: words that come later are added, and none is computed again. The first to come are
/// held as they are, with their history: a text that is read all at once may be trained through an
/// empty cache. Words that come later are copied to them, and have none.
class KeyValueCache {
 public:
  KeyValueCache() = default;
  /// A copy goes on by itself: the words so far are shared until it adds its own.
  KeyValueCache(const KeyValueCache& other);
  /// What was moved from is empty.
  KeyValueCache(KeyValueCache&& other) noexcept { swap(other); }
  KeyValueCache& operator=(KeyValueCache other) noexcept {
    swap(other);
    return *this;
  }
  /// Adds the newest words of every text, [R, G, n, K] each. Throws `ShapeError`, `TypeError` for
  /// another element type, `GraphError` where a history would be lost.
  void add(const KeysAndValues& newest);
  /// The same -> all words, [R, G, t, K]: views, good until the next change. After `reorder` it
  /// brings each text's words together, which `words` does not.
  KeysAndValues append(const KeysAndValues& newest);
  /// All words, once there are any, as they lie in its rows: good until the next change.
  kernels::KeysInPlace words() const;
  /// Row i goes on from what was row `rows[i]`. No word is copied. Throws `IndexError` for a row
  /// that it does not hold, `GraphError` as `add`.
  void reorder(const std::vector<int32_t>& rows);
  /// Words so far.
  int64_t length() const { return length_; }

  /// If an exception ends the block that this stands in, the words that joined meanwhile leave.
  class UndoOnError {
   public:
    explicit UndoOnError(KeyValueCache& cache)
        : cache_(cache), length_(cache.length_), exceptions_(std::uncaught_exceptions()) {}
    ~UndoOnError() {
      if (std::uncaught_exceptions() > exceptions_) cache_.shorten(length_);
    }
    UndoOnError(const UndoOnError&) = delete;
    UndoOnError& operator=(const UndoOnError&) = delete;

   private:
    KeyValueCache& cache_;
    int64_t length_;
    int exceptions_;
  };

 private:
  void swap(KeyValueCache& other) noexcept;
  void shorten(int64_t length);
  void make_room(int64_t rows, int64_t words);

  /// The words: as they came, or its own copies [R, G, capacity, K], the capacity doubling when it
  /// is used up. Rows that no text goes on from are left alone.
  KeysAndValues kept_;
  bool own_ = false;
  int64_t rows_ = 0, length_ = 0;
  /// [R, t] int32, the row where each word of each text lies; undefined: in the text's own.
  Array row_;
};

}  // namespace heed
