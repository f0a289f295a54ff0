#include "additive.hpp"

#include "math.hpp"

namespace heed::loops {

namespace {

constexpr int64_t lanes = 16;

/// v . tanh(q + k), in partial sums, so that it vectorises.
template <class T>
T score(const T* __restrict q, const T* __restrict k, const T* __restrict v, int64_t n) {
  T partial[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      partial[lane] += v[i + lane] * hyperbolic_tangent(q[i + lane] + k[i + lane]);
    }
  }
  for (int64_t lane = 0; i < n; ++i, ++lane) {
    partial[lane] += v[i] * hyperbolic_tangent(q[i] + k[i]);
  }
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) partial[lane] += partial[lane + half];
  }
  return partial[0];
}

template <class T>
void forward(const AdditiveScores<T>& scores, T* e) {
  for (int64_t i = 0; i < scores.queries; ++i) {
    const T* query = scores.query + i * scores.query_row;
    for (int64_t j = 0; j < scores.keys; ++j) {
      *e++ = score(query, scores.key + j * scores.key_row, scores.v, scores.size);
    }
  }
}

/// Adds the gradients of one score. dL/dq = dL/dk = g v (1 - t^2), dL/dv = g t, t = tanh(q + k).
template <class T>
void add_gradients(T g, const T* __restrict q, const T* __restrict k, const T* __restrict v,
                   T* __restrict d_q, T* __restrict d_k, T* __restrict d_v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const T t = hyperbolic_tangent(q[i] + k[i]);
    const T d_inner = g * v[i] * (1 - t * t);
    d_q[i] += d_inner;
    d_k[i] += d_inner;
    d_v[i] += g * t;
  }
}

template <class T>
void backward(const AdditiveScores<T>& scores, const T* g, T* query, T* key, T* v) {
  const int64_t n = scores.size;
  for (int64_t i = 0; i < n; ++i) v[i] = 0;
  for (int64_t i = 0; i < scores.queries; ++i) {
    T* d_query = query + i * n;
    for (int64_t k = 0; k < n; ++k) d_query[k] = 0;
    for (int64_t j = 0; j < scores.keys; ++j) {
      const T of_score = *g++;
      if (of_score == 0) continue;  // padding
      add_gradients(of_score, scores.query + i * scores.query_row, scores.key + j * scores.key_row,
                    scores.v, d_query, key + j * n, v, n);
    }
  }
}

}  // namespace

extern const AdditiveTables HEED_TABLE(additive_loops);
const AdditiveTables HEED_TABLE(additive_loops) = {{forward<float>, backward<float>},
                                                   {forward<double>, backward<double>}};

}  // namespace heed::loops
