#include <cstdio>

#include "multi_head.hpp"

// What dividing by sqrt(d_k) is good for: the largest of 16 attention weights, and how much of a
// gradient gets through the softmax, for queries and keys of random numbers.

using namespace course;

namespace {

/// Numbers of mean 0 and variance 1.
Array random(const Shape& shape, std::mt19937_64& bits) {
  const Array a = zeros(shape);
  for (double& x : *a.data) {
    x = std::sqrt(3.0) * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
  }
  return a;
}

struct Measured {
  double largest, gradient;
};

/// Means over queries: the largest attention weight, the length of d weights[0] / d scores.
Measured measure(const Tensor& query, const Tensor& key, double factor) {
  const Tensor scores =
      variable(contiguous(scale(matmul(query, transpose(key, 0, 1)), factor).value()));
  const Tensor weights = softmax(scores);
  const int64_t T = weights.shape()[0], S = weights.shape()[1];
  const Array g = zeros(weights.shape());
  double largest = 0, gradient = 0;
  for (int64_t t = 0; t < T; ++t) {
    const double* row = numbers(weights.value()) + t * S;
    largest += *std::max_element(row, row + S) / static_cast<double>(T);
    g.at({t, 0}) = 1;
  }
  backward(weights, g);
  for (int64_t t = 0; t < T; ++t) {
    double squares = 0;
    for (int64_t s = 0; s < S; ++s) squares += std::pow(scores.grad().at({t, s}), 2);
    gradient += std::sqrt(squares) / static_cast<double>(T);
  }
  return {largest, gradient};
}

}  // namespace

int main() {
  std::mt19937_64 bits(1);
  std::printf("          Q K^T                 Q K^T / sqrt(d_k)\n");
  std::printf(" d_k      largest   gradient    largest   gradient\n");
  for (const int64_t d_k : {4, 16, 64, 256}) {
    const Tensor query = constant(random({500, d_k}, bits)),
                 key = constant(random({16, d_k}, bits));
    const Measured plain = measure(query, key, 1);
    const Measured scaled = measure(query, key, 1 / std::sqrt(static_cast<double>(d_k)));
    std::printf("%4d      %.2f      %.3f       %.2f      %.3f\n", static_cast<int>(d_k),
                plain.largest, plain.gradient, scaled.largest, scaled.gradient);
  }
}
