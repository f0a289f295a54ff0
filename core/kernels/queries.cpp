#include "queries.hpp"

#include <utility>

#include "../loops/queries.hpp"
#include "../loops/rows.hpp"
#include "../memory.hpp"
#include "../parallel.hpp"
#include "row_access.hpp"

namespace heed::kernels {

namespace {

/// Where the keys and values of a text begin.
struct Places {
  explicit Places(int64_t S) : keys(static_cast<std::size_t>(S)), values(keys.size()) {}
  Pooled<int64_t> keys, values;
};

/// Memory of a piece of the loop over texts: a query times scale, a row of the mask, the places of
/// text number `text` and of the next.
template <class T>
struct Workspace {
  Workspace(int64_t K, int64_t S)
      : query(static_cast<std::size_t>(K)), mask(Array::empty({S}, boolean)), now(S), next(S) {}

  Pooled<T> query;
  Array mask;
  int64_t text = -1;
  Places now, next;
};

/// An array [B, H, T, n] as loops go through it, row by row.
template <class T>
struct RowsOf {
  RowsOf() = default;
  explicit RowsOf(const Array& x)
      : data(x.data<T>()),
        of_text(x.strides()[0]),
        of_head(x.strides()[1]),
        of_word(x.strides()[2]) {}
  T* at(int64_t b, int64_t h, int64_t t) const {
    return data + b * of_text + h * of_head + t * of_word;
  }

  T* data = nullptr;
  int64_t of_text = 0, of_head = 0, of_word = 0;
};

/// Everything that is the same for all queries.
template <class T>
struct Queries {
  int64_t B, H, each, G, S, K, C;  // `each`: queries of a head
  RowsOf<T> query, key, value;
  Array row;
  RowsOf<bool> keep;
  int64_t keep_column;  // the distance of a mask's entries
  Array slopes;
  T scale;
  RowsOf<T> context, weights;

  void find(const RowsOf<T>& x, int64_t b, int64_t* places) const;
  void go_to(int64_t b, Workspace<T>& space) const;
  void penalize(int64_t h, int64_t t, T* e) const;
  const bool* mask(int64_t b, int64_t h, int64_t t, bool* copy) const;
  void attend(int64_t b, int64_t h, Workspace<T>& space) const;
};

/// Where the keys or values of text b begin.
template <class T>
void Queries<T>::find(const RowsOf<T>& x, int64_t b, int64_t* places) const {
  if (!row.defined()) {
    for (int64_t s = 0; s < S; ++s) places[s] = b * x.of_text + s * x.of_word;
    return;
  }
  const int32_t* rows = row.data<int32_t>() + b * row.strides()[0];
  for (int64_t s = 0; s < S; ++s) places[s] = rows[s] * x.of_text + s * x.of_word;
}

/// Finds the places of text b and of the next.
template <class T>
void Queries<T>::go_to(int64_t b, Workspace<T>& space) const {
  std::swap(space.now, space.next);
  if (space.text < 0) {
    find(key, b, space.now.keys.data());
    find(value, b, space.now.values.data());
  }
  space.text = b;
  if (b + 1 == B) return;
  find(key, b + 1, space.next.keys.data());
  find(value, b + 1, space.next.values.data());
}

/// Asks for n numbers of the words from `begin` to `end`, which will be read soon: they lie too far
/// apart for the processor to see them coming. Inlined: GCC drops calls of functions that do
/// nothing else.
template <class T>
[[gnu::always_inline]] inline void fetch(const T* data, const Pooled<int64_t>& places,
                                         int64_t begin, int64_t end, int64_t n) {
  constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
  for (int64_t s = begin; s < end; ++s) {
    const T* word = data + places[static_cast<std::size_t>(s)];
    for (int64_t i = 0; i < n; i += line) __builtin_prefetch(word + i, 0, 2);
  }
}

/// Of ALiBi: the last query and the last key are neighbours.
template <class T>
void Queries<T>::penalize(int64_t h, int64_t t, T* e) const {
  if (!slopes.defined()) return;
  const T slope = slopes.data<T>()[h * slopes.strides()[0]];
  const int64_t place = t + S - each;
  for (int64_t s = 0; s < S; ++s) {
    e[s] -= slope * static_cast<T>(s < place ? place - s : s - place);
  }
}

/// The mask's row, in `copy` where it does not lie in one piece.
template <class T>
const bool* Queries<T>::mask(int64_t b, int64_t h, int64_t t, bool* copy) const {
  if (!keep.data) return nullptr;
  const bool* entries = keep.at(b, h, t);
  if (keep_column == 1) return entries;
  for (int64_t s = 0; s < S; ++s) copy[s] = entries[s * keep_column];
  return copy;
}

/// All queries of one head of text b.
template <class T>
void Queries<T>::attend(int64_t b, int64_t h, Workspace<T>& space) const {
  const auto& loops = loops::query_loops().of<T>();
  const auto& rows = loops::row_loops().of<T>();
  const int64_t g = h * G / H;
  const T *k = key.at(0, g, 0), *v = value.at(0, g, 0);
  if (space.text != b) go_to(b, space);
  // A share of the next text's words, where a word's heads lie side by side.
  const int64_t begin = S * h / H, end = b + 1 < B ? S * (h + 1) / H : begin;
  if (key.of_head == K) fetch(key.data, space.next.keys, begin, end, G * K);
  if (value.of_head == C) fetch(value.data, space.next.values, begin, end, G * C);
  for (int64_t t = 0; t < each; ++t) {
    const T* q = query.at(b, h, t);
    for (int64_t i = 0; i < K; ++i) space.query[static_cast<std::size_t>(i)] = q[i] * scale;
    T* alpha = weights.at(b, h, t);
    loops.scores(space.query.data(), k, space.now.keys.data(), S, K, alpha);
    penalize(h, t, alpha);
    rows.softmax(alpha, mask(b, h, t, space.mask.template data<bool>()), alpha, S);
    loops.context(alpha, v, space.now.values.data(), S, C, context.at(b, h, t));
  }
}

}  // namespace

FewQueries attention_of_few(const Array& query, const KeysInPlace& memory, const Array& keep,
                            const Array& slopes, double scale) {
  const int64_t B = query.size(0), H = query.size(1), T = query.size(2), S = memory.key.size(2),
                K = query.size(3), C = memory.value.size(3);
  const Shape weights{B, H, T, S};
  FewQueries result{Array::empty({B, T, H, C}, query.dtype()).transpose(1, 2),
                    Array::empty(weights, query.dtype())};
  const Array asking = with_contiguous_rows(query), keys = with_contiguous_rows(memory.key),
              values = with_contiguous_rows(memory.value),
              mask = keep.defined() ? keep.expand(weights) : keep;
  for_floating(query.dtype(), [&](auto zero) {
    using Number = decltype(zero);
    const Queries<Number> queries{.B = B,
                                  .H = H,
                                  .each = T,
                                  .G = keys.size(1),
                                  .S = S,
                                  .K = K,
                                  .C = C,
                                  .query = RowsOf<Number>(asking),
                                  .key = RowsOf<Number>(keys),
                                  .value = RowsOf<Number>(values),
                                  .row = memory.row,
                                  .keep = mask.defined() ? RowsOf<bool>(mask) : RowsOf<bool>(),
                                  .keep_column = mask.defined() ? mask.strides()[3] : 0,
                                  .slopes = slopes,
                                  .scale = static_cast<Number>(scale),
                                  .context = RowsOf<Number>(result.context),
                                  .weights = RowsOf<Number>(result.weights)};
    parallel_for(B * H, at_a_time(T * S * (K + C), 1 << 15), [&](int64_t begin, int64_t end) {
      Workspace<Number> space(K, S);
      for (int64_t i = begin; i < end; ++i) queries.attend(i / H, i % H, space);
    });
  });
  return result;
}

}  // namespace heed::kernels
