#include "additive.hpp"

#include "../loops/additive.hpp"
#include "../parallel.hpp"
#include "reductions.hpp"
#include "row_access.hpp"

namespace heed::kernels {

namespace {

/// The scores of all sentences.
template <class T>
struct Sentences {
  Sentences(const Array& query_in, const Array& key_in, const Array& v_in)
      : query(with_contiguous_rows(query_in)),
        key(with_contiguous_rows(key_in)),
        v(v_in.contiguous()) {}

  int64_t count() const { return query.size(0); }
  /// Sentences that are worth a thread's waking.
  int64_t at_a_time() const { return rows_at_a_time(query.size(1) * key.size(1) * query.size(2)); }
  loops::AdditiveScores<T> operator[](int64_t b) const {
    return {query.size(1),
            key.size(1),
            query.size(2),
            query.data<T>() + b * query.strides()[0],
            key.data<T>() + b * key.strides()[0],
            v.data<T>(),
            query.strides()[1],
            key.strides()[1]};
  }

  const Array query, key, v;
};

}  // namespace

Array additive_scores(const Array& query, const Array& key, const Array& v) {
  const int64_t K = query.size(1), S = key.size(1);
  const Array e = Array::empty({query.size(0), K, S}, query.dtype());
  for_floating(query.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Sentences<T> sentences(query, key, v);
    const auto& loop = loops::additive_loops().of<T>();
    parallel_for(sentences.count(), sentences.at_a_time(), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) loop.forward(sentences[b], e.data<T>() + b * K * S);
    });
  });
  return e;
}

void additive_scores_backward(const Array& g_in, const Array& query, const Array& key,
                              const Array& v, Array& to_query, const Array& to_key, Array& to_v) {
  const int64_t B = query.size(0), K = query.size(1), S = key.size(1), A = query.size(2);
  const Array g = g_in.contiguous();
  to_query = Array::empty({B, K, A}, query.dtype());
  const Array of_each = Array::empty({B, A}, query.dtype());  // dL/dv, from each sentence
  for_floating(query.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Sentences<T> sentences(query, key, v);
    const auto& loop = loops::additive_loops().of<T>();
    parallel_for(sentences.count(), sentences.at_a_time(), [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        loop.backward(sentences[b], g.data<T>() + b * K * S, to_query.data<T>() + b * K * A,
                      to_key.data<T>() + b * S * A, of_each.data<T>() + b * A);
      }
    });
  });
  to_v = sum(of_each, {0}, false);
}

}  // namespace heed::kernels
