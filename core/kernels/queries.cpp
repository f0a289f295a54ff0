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

/// Memory of a thread: a query times scale, a row of the mask, the places of text number `text` and
/// of the next.
template <class T>
struct Workspace {
  Workspace(int64_t K, int64_t S)
      : query(static_cast<std::size_t>(K)), mask(Array::empty({S}, boolean)), now(S), next(S) {}

  Pooled<T> query;
  Array mask;
  int64_t text = -1;
  Places now, next;
};

/// Everything that is the same for all queries.
template <class T>
struct Queries {
  Array query, key, value, row, keep, slopes;
  T scale;
  FewQueries result;

  int64_t heads() const { return query.size(1); }
  int64_t each() const { return query.size(2); }
  int64_t keys() const { return key.size(2); }
  void find(const Array& x, int64_t b, int64_t* places) const;
  void go_to(int64_t b, Workspace<T>& space) const;
  void penalize(int64_t h, int64_t t, T* e) const;
  const bool* mask(int64_t b, int64_t h, int64_t t, bool* copy) const;
  void attend(int64_t b, int64_t h, Workspace<T>& space) const;
};

template <class T>
T* at(const Array& x, int64_t b, int64_t h, int64_t t) {
  return x.data<T>() + b * x.strides()[0] + h * x.strides()[1] + t * x.strides()[2];
}

/// Where the keys or values of text b begin.
template <class T>
void Queries<T>::find(const Array& x, int64_t b, int64_t* places) const {
  const int64_t of_row = x.strides()[0], of_word = x.strides()[2], S = keys();
  if (!row.defined()) {
    for (int64_t s = 0; s < S; ++s) places[s] = b * of_row + s * of_word;
    return;
  }
  const int32_t* rows = row.data<int32_t>() + b * row.strides()[0];
  for (int64_t s = 0; s < S; ++s) places[s] = rows[s] * of_row + s * of_word;
}

/// Finds the places of text b and of the next.
template <class T>
void Queries<T>::go_to(int64_t b, Workspace<T>& space) const {
  std::swap(space.now, space.next);
  if (space.text < 0 || space.text + 1 != b) {
    find(key, b, space.now.keys.data());
    find(value, b, space.now.values.data());
  }
  space.text = b;
  if (b + 1 == query.size(0)) return;
  find(key, b + 1, space.next.keys.data());
  find(value, b + 1, space.next.values.data());
}

/// Asks for the words of x from `begin` to `end`, all heads, which will be read soon: they lie too
/// far apart for the processor to see them coming. Heads that are not side by side are left out.
template <class T>
void fetch(const Array& x, const Pooled<int64_t>& places, int64_t begin, int64_t end) {
  constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
  if (x.strides()[1] != x.size(3)) return;
  const int64_t n = x.size(1) * x.size(3);
  for (int64_t s = begin; s < end; ++s) {
    const T* word = x.data<T>() + places[static_cast<std::size_t>(s)];
    for (int64_t i = 0; i < n; i += line) __builtin_prefetch(word + i, 0, 2);
  }
}

/// Of ALiBi: the last query and the last key are neighbours.
template <class T>
void Queries<T>::penalize(int64_t h, int64_t t, T* e) const {
  if (!slopes.defined()) return;
  const T slope = slopes.data<T>()[h * slopes.strides()[0]];
  const int64_t place = t + keys() - each();
  for (int64_t s = 0; s < keys(); ++s) {
    e[s] -= slope * static_cast<T>(s < place ? place - s : s - place);
  }
}

/// The mask's row, in `copy` where it does not lie in one piece.
template <class T>
const bool* Queries<T>::mask(int64_t b, int64_t h, int64_t t, bool* copy) const {
  if (!keep.defined()) return nullptr;
  const bool* entries = at<bool>(keep, b, h, t);
  const int64_t step = keep.strides()[3];
  if (step == 1) return entries;
  for (int64_t s = 0; s < keys(); ++s) copy[s] = entries[s * step];
  return copy;
}

/// All queries of one head of text b.
template <class T>
void Queries<T>::attend(int64_t b, int64_t h, Workspace<T>& space) const {
  const auto& loops = loops::query_loops().of<T>();
  const auto& rows = loops::row_loops().of<T>();
  const int64_t S = keys(), K = query.size(3), C = value.size(3), g = h * key.size(1) / heads();
  const T *k = at<T>(key, 0, g, 0), *v = at<T>(value, 0, g, 0);
  if (space.text != b) go_to(b, space);
  if (b + 1 < query.size(0)) {
    const int64_t begin = S * h / heads(), end = S * (h + 1) / heads();
    fetch<T>(key, space.next.keys, begin, end);
    fetch<T>(value, space.next.values, begin, end);
  }
  for (int64_t t = 0; t < each(); ++t) {
    const T* q = at<T>(query, b, h, t);
    for (int64_t i = 0; i < K; ++i) space.query[static_cast<std::size_t>(i)] = q[i] * scale;
    T* alpha = at<T>(result.weights, b, h, t);
    loops.scores(space.query.data(), k, space.now.keys.data(), S, K, alpha);
    penalize(h, t, alpha);
    rows.softmax(alpha, mask(b, h, t, space.mask.template data<bool>()), alpha, S);
    loops.context(alpha, v, space.now.values.data(), S, C, at<T>(result.context, b, h, t));
  }
}

/// Heads that are worth a thread's waking.
int64_t heads_at_a_time(int64_t numbers) {
  constexpr int64_t enough = 1 << 15;
  return numbers < enough ? enough / (numbers > 0 ? numbers : 1) : 1;
}

}  // namespace

FewQueries attention_of_few(const Array& query, const KeysInPlace& memory, const Array& keep,
                            const Array& slopes, double scale) {
  const int64_t B = query.size(0), H = query.size(1), T = query.size(2), S = memory.key.size(2),
                K = query.size(3), C = memory.value.size(3);
  const Shape weights{B, H, T, S};
  FewQueries result{Array::empty({B, T, H, C}, query.dtype()).transpose(1, 2),
                    Array::empty(weights, query.dtype())};
  for_floating(query.dtype(), [&](auto zero) {
    using Number = decltype(zero);
    const Queries<Number> queries{with_contiguous_rows(query),
                                  with_contiguous_rows(memory.key),
                                  with_contiguous_rows(memory.value),
                                  memory.row,
                                  keep.defined() ? keep.expand(weights) : keep,
                                  slopes,
                                  static_cast<Number>(scale),
                                  result};
    parallel_for(B * H, heads_at_a_time(T * S * (K + C)), [&](int64_t begin, int64_t end) {
      Workspace<Number> space(K, S);
      for (int64_t i = begin; i < end; ++i) queries.attend(i / H, i % H, space);
    });
  });
  return result;
}

}  // namespace heed::kernels
