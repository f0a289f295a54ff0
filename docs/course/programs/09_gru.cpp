// How much of a first word is left after many others: the length of d h_T / d h_0 along a random
// direction, for a plain recurrent net, h' = tanh(W x + U h), and for a GRU.
#include <cstdio>
#include <random>

#include "gru.hpp"

using namespace course;

namespace {

constexpr int64_t n = 16;

Tensor drawn(const Shape& shape, double width, std::mt19937_64& bits) {
  std::vector<double> values(count(shape));
  for (double& v : values) v = width * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
  return constant(array(shape, values));
}

double length(const Array& a) {
  double squares = 0;
  for (int64_t i = 0; i < count(a.shape); ++i) squares += numbers(a)[i] * numbers(a)[i];
  return std::sqrt(squares);
}

/// The length of the gradient of a random sum of h_T with regard to h_0, per length of the sum.
template <class Step>
double left(Step step, int64_t T) {
  std::mt19937_64 bits(1);
  const Tensor first = variable(zeros({1, n}));
  Tensor h = first;
  for (int64_t t = 0; t < T; ++t) h = step(drawn({1, n}, 1, bits), h);
  const Array g = drawn({1, n}, 1, bits).value();
  backward(h, g);
  return length(contiguous(first.grad())) / length(g);
}

}  // namespace

int main() {
  std::mt19937_64 bits(2);
  const double width = 1 / std::sqrt(static_cast<double>(n));
  const Tensor W = drawn({3 * n, n}, width, bits), U = drawn({3 * n, n}, width, bits);
  const auto plain = [&](const Tensor& x, const Tensor& h) {
    return tanh(linear(x, slice(W, 0, 0, n)) + linear(h, slice(U, 0, 0, n)));
  };
  const auto gated = [&](double bias_z) {
    const Array b = zeros({3 * n});
    for (int64_t i = n; i < 2 * n; ++i) numbers(b)[i] = bias_z;
    return [&, b](const Tensor& x, const Tensor& h) {
      return gru_step(linear(x, W, constant(b)), linear(h, U), h);
    };
  };
  std::printf("words   plain net   GRU, b_z = 0   GRU, b_z = 3\n");
  for (const int64_t T : {1, 5, 10, 20, 40}) {
    std::printf("%5d   %9.0e   %12.0e   %12.2f\n", static_cast<int>(T), left(plain, T),
                left(gated(0), T), left(gated(3), T));
  }
}
