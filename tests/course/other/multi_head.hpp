#pragma once

#include <random>

#include "scores.hpp"

/// Chapter 13: scaled dot-product attention, and many heads side by side.
namespace course {

// [result]
/// What an attention gives: a vector for each query, and how much it took of each value.
struct ContextAndWeights {
  Tensor context;  ///< [..., T, C]
  Tensor weights;  ///< [..., T, S]: each row sums to 1, or to 0 where it may look at nothing
};
// [/result]

/// Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V. Vaswani et al. 2017, section 3.2.1, eq. (1).
/// query [..., T, d_k], key [..., S, d_k], value [..., S, C]; keep, if there is one, is 1 or 0 and
/// broadcasts to [..., T, S].
inline ContextAndWeights dot_product_attention(const Tensor& query, const Tensor& key,
                                               const Tensor& value, const Array& keep = {}) {
  // blank: scores [..., T, S], divided by sqrt(d_k); their softmax, of what keep keeps; the values
  // blank: weighted by it. Without a keep everything is kept: full({1}, 1)
  const std::size_t rank = key.shape().size();
  const Tensor small = std::pow(query.shape().back(), -0.5) * query;
  ContextAndWeights result;
  result.weights = matmul(small, transpose(key, rank - 2, rank - 1));
  result.weights = keep.defined() ? masked_softmax(result.weights, keep) : softmax(result.weights);
  result.context = matmul(result.weights, value);
  return result;
  // end
}

/// [B, T, D] -> [B, H, T, D / H]: head h gets numbers h D / H to (h + 1) D / H - 1 of each word.
inline Tensor split_heads(const Tensor& x, int64_t heads) {
  // blank: one axis becomes two, then two axes change places
  const int64_t d_k = x.shape()[2] / heads;
  std::vector<Tensor> parts;
  for (int64_t h = 0; h < heads; ++h) parts.push_back(slice(x, 2, h * d_k, (h + 1) * d_k));
  return stack(parts, 1);
  // end
}

/// [B, H, T, d_k] -> [B, T, H d_k]: the heads of each word side by side again.
inline Tensor merge_heads(const Tensor& x) {
  // blank: `split_heads` read backwards
  const int64_t B = x.shape()[0], H = x.shape()[1], T = x.shape()[2], d_k = x.shape()[3];
  std::vector<Tensor> parts;
  for (int64_t h = 0; h < H; ++h) parts.push_back(reshape(slice(x, 1, h, h + 1), {B, T, d_k}));
  return cat(parts, 2);
  // end
}

// [multi_head]
/// MultiHead(Q, K, V) = Concat(head_1, ..., head_H) W^O, where head_i attends with its own
/// projections of Q, K and V. Vaswani et al. 2017, section 3.2.2.
struct MultiHead {
  int64_t heads;
  Tensor in_proj_weight, in_proj_bias;    ///< [3 D, D], [3 D]: W^Q, W^K and W^V below each other
  Tensor out_proj_weight, out_proj_bias;  ///< W^O: [D, D], [D]

  /// query [B, T, D], key and value [B, S, D]; keep broadcasts to [B, H, T, S]. The context is
  /// [B, T, D], the attention weights are [B, H, T, S].
  ContextAndWeights operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                               const Array& keep = {}) const;
};
// [/multi_head]

/// x W^T + b by the third `part` of the three projections (0: queries, 1: keys, 2: values).
inline Tensor project(const MultiHead& m, const Tensor& x, int64_t part) {
  // blank: D rows of in_proj_weight and D numbers of in_proj_bias belong to each part
  const int64_t rows = m.in_proj_weight.shape()[0] / 3;
  const Tensor W = slice(m.in_proj_weight, 0, rows * part, rows * part + rows);
  const Tensor b = slice(m.in_proj_bias, 0, rows * part, rows * part + rows);
  return matmul(x, transpose(W, 0, 1)) + b;
  // end
}

inline ContextAndWeights MultiHead::operator()(const Tensor& query, const Tensor& key,
                                               const Tensor& value, const Array& keep) const {
  // blank: project, split, attend in all heads at once, merge, and W^O at last
  const auto part = [&](const Tensor& x, int64_t i) {
    return split_heads(project(*this, x, i), heads);
  };
  auto [context, weights] =
      dot_product_attention(part(query, 0), part(key, 1), part(value, 2), keep);
  const Tensor joined = merge_heads(context);
  context = matmul(joined, transpose(out_proj_weight, 0, 1)) + out_proj_bias;
  return {context, weights};
  // end
}

// [xavier]
/// Parameters to begin with: uniform numbers of variance 2 / (rows + columns), so that what goes
/// through it neither grows nor fades (Glorot and Bengio 2010, eq. 16).
inline Tensor xavier(int64_t rows, int64_t columns, std::mt19937_64& bits) {
  const double limit = std::sqrt(6.0 / static_cast<double>(rows + columns));
  const Array w = zeros({rows, columns});
  for (double& x : *w.data) x = limit * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
  return variable(w);
}

inline MultiHead multi_head(int64_t D, int64_t heads, std::mt19937_64& bits) {
  return {heads, xavier(3 * D, D, bits), variable(zeros({3 * D})), xavier(D, D, bits),
          variable(zeros({D}))};
}
// [/xavier]

}  // namespace course
