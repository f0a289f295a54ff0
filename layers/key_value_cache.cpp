#include "key_value_cache.hpp"

#include <algorithm>
#include <utility>

#include "../core/error.hpp"
#include "../core/kernels/elementwise.hpp"
#include "../core/kernels/indexing.hpp"

namespace heed {

namespace {

constexpr int64_t first_capacity = 32;

/// The words in use, [rows, G, length, K].
Array used(const Array& all, int64_t rows, int64_t length) {
  return all.slice(0, 0, rows).slice(2, 0, length);
}

/// Each word of x [R, G, t, K] from the row that `row` [R', t] says, to `result` [R', G, t, K].
void gather_rows(const Array& result, const Array& x, const Array& row) {
  for (int64_t t = 0; t < x.size(2); ++t) {
    const Array word = kernels::index_select("KeyValueCache", x.select(2, t), 0, row.select(1, t));
    kernels::copy_into(result.select(2, t), word);
  }
}

/// `row` [R, t] for so many words: those beyond t lie in their text's own row.
Array lengthened(const Array& row, int64_t words) {
  const int64_t R = row.size(0), t = row.size(1);
  const Array longer = Array::empty({R, words}, int32);
  kernels::copy_into(longer.slice(1, 0, t), row);
  int32_t* to = longer.data<int32_t>();
  for (int64_t r = 0; r < R; ++r) {
    for (int64_t s = t; s < words; ++s) to[r * words + s] = static_cast<int32_t>(r);
  }
  return longer;
}

/// `kept`: the shape of the words so far, [R, H, t, K].
void check_newest(const Array& key, const Array& value, const Shape& kept) {
  if (key.rank() == 4 && kept.rank() == 4) {
    Shape wanted = kept;
    wanted[2] = key.size(2);
    if (key.shape() == wanted && value.shape() == wanted) return;
  }
  std::string message = "KeyValueCache: the newest keys are " + to_string(key.shape()) +
                        " and the values " + to_string(value.shape()) +
                        ", expected [rows, heads, words, size] each";
  if (key.shape() != kept) message += ", and all but the words as those kept, " + to_string(kept);
  throw ShapeError(message);
}

void check_type(DType newest, DType kept) {
  if (newest == kept) return;
  throw TypeError(std::string("KeyValueCache: the newest words are ") + to_string(newest) +
                  ", those kept " + to_string(kept) + "; convert with .to()");
}

/// `IndexError` unless each of `rows` is one of `count`.
void check_rows(const std::vector<int32_t>& rows, int64_t count) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] >= 0 && rows[i] < count) continue;
    throw IndexError("KeyValueCache: reorder: rows[" + std::to_string(i) + "] is " +
                     std::to_string(rows[i]) + ", expected a row in [0, " + std::to_string(count) +
                     "), of the texts that it holds");
  }
}

void check_constant(const KeysAndValues& words) {
  if (!words.key.requires_grad() && !words.value.requires_grad()) return;
  throw GraphError(
      "KeyValueCache: words with a history can't be copied to others, their gradient would be "
      "lost; append them all at once, or under NoGrad");
}

}  // namespace

// The other one adds behind the words that both have, and this one copies them before it adds.
KeyValueCache::KeyValueCache(const KeyValueCache& other)
    : kept_(other.kept_), rows_(other.rows_), length_(other.length_), row_(other.row_) {}

void KeyValueCache::swap(KeyValueCache& other) noexcept {
  std::swap(kept_, other.kept_);
  std::swap(own_, other.own_);
  std::swap(rows_, other.rows_);
  std::swap(length_, other.length_);
  std::swap(row_, other.row_);
}

/// Back to the first words, wherever they lie by now.
void KeyValueCache::shorten(int64_t length) {
  if (length == length_) return;
  length_ = length;
  if (length == 0) {
    *this = KeyValueCache();
  } else if (row_.defined()) {
    row_ = row_.slice(1, 0, length);
  }
}

/// Makes the cache own its words, with room for so many; word by word, so that those of one place
/// lie side by side.
void KeyValueCache::make_room(int64_t rows, int64_t words) {
  const Shape old = kept_.key.shape();
  if (own_ && rows <= old[0] && words <= old[2]) return;
  check_constant(kept_);
  const int64_t capacity = own_ && words <= old[2] ? old[2] : std::max(first_capacity, 2 * words);
  const Shape wider{capacity, std::max(rows, old[0]), old[1], old[3]};
  const auto copy_of = [&](const Tensor& all) {
    const Array copy = Array::empty(wider, all.dtype()).permute({1, 2, 0, 3});
    kernels::copy_into(used(copy, old[0], length_), used(all.array(), old[0], length_));
    return Tensor(copy);
  };
  kept_ = {copy_of(kept_.key), copy_of(kept_.value)};
  own_ = true;
}

void KeyValueCache::add(const KeysAndValues& newest) {
  const Array &key = newest.key.array(), &value = newest.value.array();
  if (length_ == 0) {
    check_newest(key, value, key.shape());
    check_type(value.dtype(), key.dtype());
    kept_ = newest;
    own_ = false;
    rows_ = key.size(0);
    length_ = key.size(2);
    return;
  }
  const Shape& room = kept_.key.shape();
  check_newest(key, value, {rows_, room[1], length_, room[3]});
  check_type(key.dtype(), kept_.key.dtype());
  check_type(value.dtype(), kept_.key.dtype());
  check_constant(newest);
  const int64_t words = length_ + key.size(2);
  make_room(rows_, words);
  kernels::copy_into(used(kept_.key.array(), rows_, words).slice(2, length_, words), key);
  kernels::copy_into(used(kept_.value.array(), rows_, words).slice(2, length_, words), value);
  if (row_.defined()) row_ = lengthened(row_, words);
  length_ = words;
}

KeysAndValues KeyValueCache::append(const KeysAndValues& newest) {
  add(newest);
  if (row_.defined()) {
    const auto together = [&](const Tensor& all) {
      const Shape& room = all.shape();
      const Array copy =
          Array::empty({room[2], rows_, room[1], room[3]}, all.dtype()).permute({1, 2, 0, 3});
      gather_rows(used(copy, rows_, length_), used(all.array(), room[0], length_), row_);
      return Tensor(copy);
    };
    kept_ = {together(kept_.key), together(kept_.value)};
    own_ = true;
    row_ = Array();
  }
  if (!own_) return kept_;
  return {Tensor(used(kept_.key.array(), rows_, length_)),
          Tensor(used(kept_.value.array(), rows_, length_))};
}

kernels::KeysInPlace KeyValueCache::words() const {
  const int64_t rows = kept_.key.size(0);
  return {used(kept_.key.array(), rows, length_), used(kept_.value.array(), rows, length_), row_};
}

void KeyValueCache::reorder(const std::vector<int32_t>& rows) {
  const auto count = static_cast<int64_t>(rows.size());
  if (length_ > 0) {
    check_rows(rows, rows_);
    check_constant(kept_);
    if (!row_.defined()) row_ = lengthened(Array::empty({rows_, 0}, int32), length_);
    row_ = kernels::index_select("KeyValueCache", row_, 0, Array::from(rows, {count}));
  }
  rows_ = count;
}

}  // namespace heed
