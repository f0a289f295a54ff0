#pragma once

#include <thread>

#include "multi_head.hpp"

/// Chapter 17: attention whose memory grows with T + S and not with T S, on several threads.
namespace course {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

// [running]
/// What a softmax must know of the scores that it has seen: the largest, and sum exp(score -
/// largest).
struct Running {
  double largest = minus_infinity;
  double total = 0;
};
// [/running]

/// Takes n more scores, a tile, and writes exp(score - largest) in their place. Returns
/// exp(largest before - largest now): what the sums so far must be multiplied by, total among them.
/// Milakov and Gimelshein 2018, algorithm 3.
inline double add(Running& r, double* scores, int64_t n) {
  // blank: where nothing but -infinity has been seen all exponentials are 0, and the factor is 1:
  // blank: -infinity less -infinity is not a number
  const double tile_largest = n > 0 ? *std::max_element(scores, scores + n) : minus_infinity;
  const double now = std::max(r.largest, tile_largest);
  if (std::isinf(now) && now < 0) {
    std::fill_n(scores, n, 0.0);
    return 1;
  }
  const double factor = r.largest == now ? 1 : std::exp(r.largest - now);
  double total = factor * r.total;
  for (double* x = scores; x != scores + n; ++x) total += * x = std::exp(*x - now);
  r = {now, total};
  return factor;
  // end
}

/// What two parts of a row give together. Milakov and Gimelshein 2018, section 3.1, eq. (4).
inline Running merge(const Running& a, const Running& b) {
  // blank: each total is measured by its own largest; a part without scores changes nothing
  if (a.largest < b.largest) return merge(b, a);
  if (b.total == 0) return a;
  return {a.largest, a.total + b.total * std::exp(b.largest - a.largest)};
  // end
}

/// body(i) for each i of [0, count), on so many threads. Each i is one thread's alone.
inline void parallel_for(int64_t count, int threads, const std::function<void(int64_t)>& body) {
  // blank: std::thread; this one works too, and waits for the others before it returns
  const int64_t workers = std::max(1, threads);
  std::vector<std::thread> all;
  for (int64_t w = 0; w < workers; ++w) {
    const int64_t begin = count * w / workers, end = count * (w + 1) / workers;
    if (begin == end) continue;
    all.emplace_back([&body, begin, end] {
      for (int64_t i = begin; i < end; ++i) body(i);
    });
  }
  for (std::thread& one : all) one.join();
  // end
}

/// log sum exp(x_i) of a long row, the same bits for any number of threads.
inline double log_sum_exp(const std::vector<double>& x, int threads) {
  // blank: pieces of 1024 numbers, whatever `threads` is, each `add`ed to a Running of its own;
  // blank: then `merge` them from the first to the last
  std::vector<double> scores = x;
  const int64_t pieces = (static_cast<int64_t>(x.size()) + 1023) / 1024;
  std::vector<Running> parts(pieces);
  parallel_for(pieces, threads, [&](int64_t i) {
    const int64_t begin = 1024 * i, end = std::min<int64_t>(begin + 1024, scores.size());
    add(parts[i], &scores[begin], end - begin);
  });
  Running all = parts.at(0);
  for (std::size_t i = 1; i < parts.size(); ++i) all = merge(all, parts[i]);
  return std::log(all.total) + all.largest;
  // end
}

// [head]
constexpr int64_t tile = 32;

/// One attention: rows of keys [S, K] (K is chapter 13's d_k) and values [S, C], and what scores
/// are multiplied by.
struct Head {
  const double *key, *value;
  int64_t S, K, C;
  double scale;
};
// [/head]

inline double dot(const double* a, const double* b, int64_t n) {
  double total = 0;
  for (int64_t i = 0; i < n; ++i) total += a[i] * b[i];
  return total;
}

/// The context [C] of one query [K], tile by tile. Returns log sum_s exp(score_s), which is all
/// that the way back needs to find the weights again; of no keys the context is 0.
inline double attend(const Head& h, const double* query, double* context) {
  // blank: for each tile of at most `tile` keys: their scores, `add`, the context so far times the
  // blank: factor, and what the tile adds to it. The division by the total comes last
  std::vector<double> sum(h.C, 0);
  Running r;
  for (int64_t s = 0; s < h.S; ++s) {
    double weight = h.scale * dot(query, h.key + s * h.K, h.K);
    const double factor = add(r, &weight, 1);
    for (int64_t c = 0; c < h.C; ++c) sum[c] = factor * sum[c] + weight * h.value[s * h.C + c];
  }
  for (int64_t c = 0; c < h.C; ++c) context[c] = h.S > 0 ? sum[c] / r.total : 0;
  return std::log(r.total) + r.largest;
  // end
}

// [back]
/// One query on the way back: what is known of it, g being d loss / d context.
struct Query {
  const double *query, *context, *g;
  double normaliser;  ///< what `attend` returned
};

/// Where gradients are added: one row for the query, all rows of keys and values.
struct HeadGradients {
  double *query, *key, *value;
};
// [/back]

/// With w_s = exp(score_s - normaliser), computed once more: d value_s += w_s g,
/// e_s = w_s (g . value_s - g . context), d query += scale e_s key_s, d key_s += scale e_s query.
inline void attend_back(const Head& h, const Query& q, const HeadGradients& d) {
  // blank: one key after the other; nothing of size S is kept
  double mean = 0;
  for (int64_t c = 0; c < h.C; ++c) mean += q.g[c] * q.context[c];
  const double *key = h.key, *value = h.value;
  double *dkey = d.key, *dvalue = d.value;
  for (int64_t s = 0; s < h.S; ++s, key += h.K, value += h.C, dkey += h.K, dvalue += h.C) {
    const double w = std::exp(h.scale * dot(q.query, key, h.K) - q.normaliser);
    double along = 0;
    for (int64_t c = 0; c < h.C; ++c) {
      along += q.g[c] * value[c];
      dvalue[c] += w * q.g[c];
    }
    const double e = w * (along - mean);
    for (int64_t k = 0; k < h.K; ++k) dkey[k] += h.scale * e * q.query[k];
    for (int64_t k = 0; k < h.K; ++k) d.query[k] += h.scale * e * key[k];
  }
  // end
}

// [attention]
inline Head head_of(const Array& query, const Array& key, const Array& value, int64_t i) {
  const int64_t S = key.shape[1], K = key.shape[2], C = value.shape[2];
  return {numbers(key) + i * S * K,
          numbers(value) + i * S * C,
          S,
          K,
          C,
          1 / std::sqrt(static_cast<double>(query.shape[2]))};
}

/// softmax(query key^T / sqrt(K)) value: query [N, T, K], key [N, S, K], value [N, S, C] ->
/// [N, T, C]. Its weights [N, T, S] are never there all at once. Dao et al. 2022, section 3.1.
inline Tensor tiled_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                              int threads = 1) {
  const Array q = contiguous(query.value()), k = contiguous(key.value()),
              v = contiguous(value.value());
  const int64_t N = q.shape[0], T = q.shape[1], K = q.shape[2], S = v.shape[1], C = v.shape[2];
  const Array y = zeros({N, T, C}), normalisers = zeros({N, T});
  parallel_for(N, threads, [&](int64_t i) {
    const Head h = head_of(q, k, v, i);
    for (int64_t r = i * T; r < (i + 1) * T; ++r) {
      numbers(normalisers)[r] = attend(h, numbers(q) + r * K, numbers(y) + r * C);
    }
  });
  return record(y, {query, key, value}, [=](const Array& arrived) {
    const Array g = contiguous(arrived);
    const Array dq = zeros(q.shape), dk = zeros(k.shape), dv = zeros(v.shape);
    parallel_for(N, threads, [&](int64_t i) {
      const Head h = head_of(q, k, v, i);
      for (int64_t r = i * T; r < (i + 1) * T; ++r) {
        attend_back(
            h,
            {numbers(q) + r * K, numbers(y) + r * C, numbers(g) + r * C, numbers(normalisers)[r]},
            {numbers(dq) + r * K, numbers(dk) + i * S * K, numbers(dv) + i * S * C});
      }
    });
    give(query, dq);
    give(key, dk);
    give(value, dv);
  });
}
// [/attention]

}  // namespace course
