#include "key_value_cache.hpp"

#include <algorithm>

#include "../core/error.hpp"
#include "../core/kernels/elementwise.hpp"

namespace heed {

namespace {

constexpr int64_t first_capacity = 32;
constexpr int32_t scratch = -1;

/// Copy row `from` to row `to`; `scratch` is a row beside the others.
struct Move {
  int32_t to, from;
};

/// Moves after which row i holds what was row `rows[i]`, in an order in which nothing is
/// overwritten that is still to be read: first the targets that nobody reads (any more), then the
/// cycles that remain, each opened by way of the scratch row.
std::vector<Move> ordered_moves(const std::vector<int32_t>& rows, int64_t row_count) {
  std::vector<int32_t> source = rows, readers(static_cast<std::size_t>(row_count), 0), ready;
  const auto at = [](std::vector<int32_t>& list, int32_t i) -> int32_t& {
    return list[static_cast<std::size_t>(i)];
  };
  const auto count = static_cast<int32_t>(rows.size());
  for (int32_t i = 0; i < count; ++i)
    readers[static_cast<std::size_t>(at(source, i))] += at(source, i) != i;
  for (int32_t i = 0; i < count; ++i) {
    if (at(source, i) != i && at(readers, i) == 0) ready.push_back(i);
  }
  std::vector<Move> moves;
  const auto move = [&](int32_t to, int32_t from) {
    moves.push_back({to, from});
    at(source, to) = to;
  };
  while (!ready.empty()) {
    const int32_t to = ready.back(), from = at(source, to);
    ready.pop_back();
    move(to, from);
    if (--at(readers, from) == 0 && from < count && at(source, from) != from) ready.push_back(from);
  }
  for (int32_t i = 0; i < count; ++i) {
    if (at(source, i) == i) continue;
    moves.push_back({scratch, i});
    int32_t to = i;
    for (int32_t from = at(source, to); from != i; from = at(source, to)) {
      move(to, from);
      to = from;
    }
    move(to, scratch);
  }
  return moves;
}

/// The words in use, [rows, G, length, K].
Array used(const Array& all, int64_t rows, int64_t length) {
  return all.slice(0, 0, rows).slice(2, 0, length);
}

void move_rows(const Array& all, const std::vector<Move>& moves, int64_t length) {
  Array saved;
  for (const Move& move : moves) {
    const auto row = [&](int32_t i) { return all.select(0, i).slice(1, 0, length); };
    if (move.to == scratch) {
      saved = row(move.from).clone();
    } else {
      kernels::copy_into(row(move.to), move.from == scratch ? saved : row(move.from));
    }
  }
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

/// Makes the cache own its words, with room for so many.
void KeyValueCache::make_room(int64_t rows, int64_t words) {
  const Shape old = kept_.key.shape();
  if (own_ && rows <= old[0] && words <= old[2]) return;
  check_constant(kept_);
  const int64_t capacity = own_ && words <= old[2] ? old[2] : std::max(first_capacity, 2 * words);
  const Shape wider{std::max(rows, old[0]), old[1], capacity, old[3]};
  for (Tensor* all : {&kept_.key, &kept_.value}) {
    const Array copy = Array::empty(wider, all->dtype());
    kernels::copy_into(used(copy, rows_, length_), used(all->array(), rows_, length_));
    *all = Tensor(copy);
  }
  own_ = true;
}

KeysAndValues KeyValueCache::append(const KeysAndValues& newest) {
  const Array &key = newest.key.array(), &value = newest.value.array();
  if (length_ == 0) {
    check_newest(key, value, key.shape());
    check_type(value.dtype(), key.dtype());
    kept_ = newest;
    own_ = false;
    rows_ = key.size(0);
    length_ = key.size(2);
    return newest;
  }
  const Shape& room = kept_.key.shape();
  check_newest(key, value, {rows_, room[1], length_, room[3]});
  check_type(key.dtype(), kept_.key.dtype());
  check_type(value.dtype(), kept_.key.dtype());
  check_constant(newest);
  const int64_t words = length_ + key.size(2);
  make_room(rows_, words);
  const Array keys = used(kept_.key.array(), rows_, words),
              values = used(kept_.value.array(), rows_, words);
  kernels::copy_into(keys.slice(2, length_, words), key);
  kernels::copy_into(values.slice(2, length_, words), value);
  length_ = words;
  return {Tensor(keys), Tensor(values)};
}

void KeyValueCache::reorder(const std::vector<int32_t>& rows) {
  const auto count = static_cast<int64_t>(rows.size());
  if (length_ > 0) {
    check_rows(rows, rows_);
    make_room(count, length_);
    const std::vector<Move> moves = ordered_moves(rows, std::max(count, rows_));
    move_rows(kept_.key.array(), moves, length_);
    move_rows(kept_.value.array(), moves, length_);
  }
  rows_ = count;
}

}  // namespace heed
