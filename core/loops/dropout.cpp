#include "dropout.hpp"

#include "philox.hpp"

namespace heed::loops {

namespace {

/// Calls `put(i, kept)` for each element.
template <class T, class Put>
void for_each(const Drop<T>& drop, int64_t begin, int64_t n, Put put) {
  if (drop.threshold > UINT32_MAX) {
    for (int64_t i = 0; i < n; ++i) put(i, false);
    return;
  }
  const auto least = static_cast<uint32_t>(drop.threshold);
  with_words<1>(drop.start, begin, n, [=](int64_t i, const uint32_t* words, int64_t m) {
    for (int64_t k = 0; k < m; ++k) put(i + k, words[k] >= least);
  });
}

template <class T>
void plain(const Drop<T>& drop, int64_t begin, int64_t n, const T* __restrict x,
           T* __restrict out) {
  for_each(drop, begin, n, [=, factor = drop.factor](int64_t i, bool kept) {
    const T value = x[i] * factor;
    out[i] = kept ? value : T(0);
  });
}

template <class T>
void relu(const Drop<T>& drop, int64_t begin, int64_t n, const T* __restrict x, T* __restrict out) {
  for_each(drop, begin, n, [=, factor = drop.factor](int64_t i, bool kept) {
    const T value = (x[i] < 0 ? T(0) : x[i]) * factor;
    out[i] = kept ? value : T(0);
  });
}

template <class T>
void add(const Drop<T>& drop, int64_t begin, int64_t n, const T* __restrict x,
         const T* __restrict y, T* __restrict out) {
  for_each(drop, begin, n, [=, factor = drop.factor](int64_t i, bool kept) {
    const T value = y[i] * factor;
    out[i] = x[i] + (kept ? value : T(0));
  });
}

template <class T>
void relu_gradient(T factor, int64_t n, const T* g, const T* __restrict y, T* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = y[i] <= 0 ? T(0) : g[i] * factor;
}

template <class T>
constexpr DropoutLoops<T> loops_of = {plain<T>, relu<T>, add<T>, relu_gradient<T>};

}  // namespace

extern const DropoutTables HEED_TABLE(dropout_loops) = {loops_of<float>, loops_of<double>};

}  // namespace heed::loops
