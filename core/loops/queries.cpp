#include "queries.hpp"

#include "vectors.hpp"

namespace heed::loops {

namespace {

template <class T>
T product(const T* a, const T* b, int64_t n) {
  constexpr int64_t size = vector_size<T>;
  Vector<T> even{}, odd{};
  int64_t i = 0;
  for (; i + 2 * size <= n; i += 2 * size) {
    even += load<T>(a + i) * load<T>(b + i);
    odd += load<T>(a + i + size) * load<T>(b + i + size);
  }
  if (i + size <= n) {
    even += load<T>(a + i) * load<T>(b + i);
    i += size;
  }
  T sum = sum_of_lanes<T>(even + odd);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

template <class T>
void scores(const T* query, const T* keys, const int64_t* places, int64_t S, int64_t K, T* e) {
  for (int64_t s = 0; s < S; ++s) e[s] = product(query, keys + places[s], K);
}

/// V vectors of the context, in registers.
template <class T, int V>
void weighted_sum(const T* alpha, const T* values, const int64_t* places, int64_t S, T* c) {
  constexpr int64_t size = vector_size<T>;
  Vector<T> sums[V] = {};
  for (int64_t s = 0; s < S; ++s) {
    const Vector<T> weight = all_lanes(alpha[s]);
    const T* value = values + places[s];
    for (int v = 0; v < V; ++v) sums[v] += weight * load<T>(value + v * size);
  }
  for (int v = 0; v < V; ++v) store<T>(c + v * size, sums[v]);
}

template <class T>
void context(const T* alpha, const T* values, const int64_t* places, int64_t S, int64_t C, T* c) {
  constexpr int64_t size = vector_size<T>;
  constexpr int most = 4;
  int64_t i = 0;
  for (; i + most * size <= C; i += most * size) {
    weighted_sum<T, most>(alpha, values + i, places, S, c + i);
  }
  for (; i + size <= C; i += size) weighted_sum<T, 1>(alpha, values + i, places, S, c + i);
  for (; i < C; ++i) {
    T sum = 0;
    for (int64_t s = 0; s < S; ++s) sum += alpha[s] * values[places[s] + i];
    c[i] = sum;
  }
}

template <class T>
constexpr QueryLoops<T> loops_of = {scores<T>, context<T>};

}  // namespace

extern const QueryTables HEED_TABLE(query_loops) = {loops_of<float>, loops_of<double>};

}  // namespace heed::loops
