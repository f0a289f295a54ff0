#pragma once

#include "module.hpp"

/// Positions inside the self-attention instead of at the embeddings. Its T queries are the last T
/// of the S words that they look at: query t stands at the place t + S - T, key s at s.
namespace heed {

/// What tells a self-attention where its words stand: nothing (the embeddings do),
/// or one of the schemes below.
enum class SelfPositions { none, relative, rotary, alibi };

/// j - i for the place i of each query and the place j of each key.   -> [T, S] float64.
Tensor offsets(int64_t T, int64_t S);

/// The keep mask of keys at most `width` places away.   -> [1, T, S] bool. With `causal_keep` these
/// are a query's own word and the `width` before. Beltagy, Peters, Cohan 2020 (Longformer, arXiv
/// 2004.05150), section 3.1; there the window is 2 width.
Tensor window_keep(int64_t T, int64_t S, int64_t width);

/// Turns each pair of features (x_2i, x_2i+1) by the angle p / 10000^(2i/K), for the places p from
/// `first` on: the product of a query and a key so turned depends on the offset of their places
/// alone.   x: [..., T, K] -> [..., T, K]; `ShapeError` unless K is even. Su et al. 2021 (RoFormer,
/// arXiv 2104.09864), eq. (34), whose pairs are neighbours; others pair i with i + K/2.
Tensor rotate(const Tensor& x, int64_t first = 0);

/// What ALiBi adds to the scores (after their scaling): -m_h |j - i|.   -> [H, T, S]. The slope m_h
/// of head h, from 0, is 2^(-8(h+1)/H); where H is no power of two, those of the largest one below,
/// then every other one of twice as many heads. Press, Smith, Lewis 2022 (arXiv 2108.12409),
/// section 3; symmetric where a query sees what comes after it.
Tensor alibi(int64_t H, int64_t T, int64_t S, DType dtype = float32);
/// m_h of every head: [H].
Tensor alibi_slopes(int64_t H, DType dtype = float32);

/// Learnt vectors for offsets: a^K_ij = key[c + k], a^V_ij = value[c + k] with c = clip(j - i, -k,
/// k), so that e_ij = q_i (k_j + a^K_ij)^T / sqrt(K) and z_i = sum_j alpha_ij (v_j + a^V_ij). The
/// functions below are the summands with an a, without the division; the heads share both tables,
/// and no [T, S, K] is ever built. Start Xavier uniform. Shaw, Uszkoreit, Vaswani 2018 (arXiv
/// 1803.02155), eq. (3) to (5).
struct RelativePositions {
  /// [2k + 1, K] each.
  Parameter key, value;

  /// `distance` is k, `size` K.
  RelativePositions(int64_t distance, int64_t size);
  /// q_i a^K_ij.   query: [B, H, T, K] -> [B, H, T, S].
  Tensor scores(const Tensor& query, int64_t S) const;
  /// sum_j alpha_ij a^V_ij.   weights: [B, H, T, S] -> [B, H, T, K].
  Tensor context(const Tensor& weights) const;
  void members(Members& m) { m("key", key)("value", value); }
  auto arguments() const { return std::tuple(key.size(0) / 2, key.size(1)); }
};

}  // namespace heed
