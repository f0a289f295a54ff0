#include "relative_positions.hpp"

#include <cmath>

#include "../core/operations.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

/// The rows of `RelativePositions` for each query and key, as an index for weights [B, H, T, S].
Tensor rows(const Shape& weights, int64_t k) {
  const Tensor c = clamp(offsets(weights[2], weights[3]), static_cast<double>(-k),
                         static_cast<double>(k));  // clip(j - i, -k, k)
  return expand((c + static_cast<double>(k)).to(int32), weights);
}

/// m_h of ALiBi for h = 0, ..., H - 1.
std::vector<double> slopes(int64_t H) {
  int64_t n = 1;  // the largest power of two up to H
  while (2 * n <= H) n *= 2;
  std::vector<double> m;
  for (int64_t h = 0; h < H; ++h) {
    const double place = h < n ? static_cast<double>(h + 1) : static_cast<double>(h - n) + 0.5;
    m.push_back(std::pow(2.0, -8 * place / static_cast<double>(n)));
  }
  return m;
}

}  // namespace

Tensor offsets(int64_t T, int64_t S) {
  return Tensor::arange(S, float64) -
         unsqueeze(Tensor::arange(T, float64) + static_cast<double>(S - T), 1);
}

Tensor window_keep(int64_t T, int64_t S, int64_t width) {
  return unsqueeze(le(abs(offsets(T, S)), static_cast<double>(width)), 0);
}

// eq. (34): x_2i cos - x_2i+1 sin, x_2i+1 cos + x_2i sin
Tensor rotate(const Tensor& x, int64_t first) {
  if (x.rank() < 2 || x.size(-1) % 2 != 0) {
    throw ShapeError("rotate: x is " + to_string(x.shape()) +
                     ", expected [..., words, features] with an even number of features");
  }
  const int64_t T = x.size(-2), pairs = x.size(-1) / 2;
  std::vector<double> cosines, sines;
  for (int64_t p = first; p < first + T; ++p) {
    for (int64_t i = 0; i < pairs; ++i) {
      const double frequency =
          std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(pairs));
      cosines.push_back(std::cos(static_cast<double>(p) * frequency));
      sines.push_back(std::sin(static_cast<double>(p) * frequency));
    }
  }
  const Tensor cos = Tensor::from(cosines, {T, pairs}).to(x.dtype()),
               sin = Tensor::from(sines, {T, pairs}).to(x.dtype());
  const Tensor even = slice(x, -1, 0, 2 * pairs, 2), odd = slice(x, -1, 1, 2 * pairs, 2);
  return reshape(stack({even * cos - odd * sin, odd * cos + even * sin}, -1), x.shape());
}

Tensor alibi(int64_t H, int64_t T, int64_t S, DType dtype) {
  const Tensor m = Tensor::from(slopes(positive("alibi", "H", H)), {H, 1, 1});
  return (-m * abs(offsets(T, S))).to(dtype);
}

Tensor alibi_slopes(int64_t H, DType dtype) { return Tensor::from(slopes(H), {H}).to(dtype); }

RelativePositions::RelativePositions(int64_t distance, int64_t size)
    : key(init::empty({2 * positive("RelativePositions", "distance", distance) + 1,
                       positive("RelativePositions", "size", size)})),
      value(init::empty(key.shape())) {
  init::xavier_uniform(key);
  init::xavier_uniform(value);
}

Tensor RelativePositions::scores(const Tensor& query, int64_t S) const {
  const Tensor all = matmul(query, transpose(key, 0, 1));  // [B, H, T, 2k + 1]
  Shape weights = query.shape();
  weights[3] = S;
  return gather(all, -1, rows(weights, key.size(0) / 2));
}

Tensor RelativePositions::context(const Tensor& weights) const {
  Shape shape = weights.shape();
  shape[3] = value.size(0);
  const Tensor alpha = scatter_add(Tensor::zeros(shape, weights.dtype()), -1,
                                   rows(weights.shape(), value.size(0) / 2), weights);
  return matmul(alpha, value);  // [B, H, T, 2k + 1] [2k + 1, K]
}

}  // namespace heed
