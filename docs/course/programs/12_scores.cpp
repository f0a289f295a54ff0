// Queries and annotations of random numbers, ten words: the largest of the ten attention weights,
// and how much of a gradient comes back through the softmax, for dot and scaled dot scores. Then
// the same sentence alone and in a batch, with its padding hidden and not.
#include <cstdio>

#include "scores.hpp"

using namespace course;

namespace {

/// About normal, with mean 0 and variance 1: a sum of twelve uniform numbers.
Tensor drawn(const Shape& shape, std::mt19937_64& bits) {
  std::vector<double> values(count(shape));
  for (double& v : values) {
    v = -6;
    for (int i = 0; i < 12; ++i) v += static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  return constant(array(shape, values));
}

struct Measured {
  double largest = 0, gradient = 0;
};

/// Means over queries: e [1, T, S], given as numbers.
Measured measure(const Array& e, const Array& g) {
  const Tensor scores = variable(e), alpha = softmax(scores);
  backward(alpha, g);
  const int64_t T = e.shape[1], S = e.shape[2];
  Measured mean;
  for (int64_t i = 0; i < T; ++i) {
    const double* row = numbers(alpha.value()) + i * S;
    mean.largest += *std::max_element(row, row + S) / T;
    for (int64_t j = 0; j < S; ++j)
      mean.gradient += std::abs(scores.grad().at({0, i, j})) / (T * S);
  }
  return mean;
}

// [padding]
/// The logits [T, V] for the first sentence of a batch, with its padding hidden or not.
Tensor first_of(const RNNsearch& model, const std::vector<std::vector<int64_t>>& batch, bool hide) {
  const Sentences x = padded(batch);
  const Sentences before = padded(std::vector<std::vector<int64_t>>(batch.size(), {1, 2}));
  const Memory memory = annotate(model, x);
  return select(search(model, hide ? hide_padding(memory, x.keep) : memory, before).logits, 0, 0);
}
// [/padding]

double difference(const Tensor& a, const Tensor& b) {
  const Array x = contiguous(a.value()), y = contiguous(b.value());
  double largest = 0;
  for (int64_t i = 0; i < count(x.shape); ++i) {
    largest = std::max(largest, std::abs(numbers(x)[i] - numbers(y)[i]));
  }
  return largest;
}

}  // namespace

int main() {
  constexpr int64_t T = 200, S = 10;
  std::printf("           largest weight      mean |d score|\n");
  std::printf("   n        dot    scaled       dot    scaled\n");
  for (const int64_t n : {1, 4, 16, 64, 256, 1024}) {
    std::mt19937_64 bits(3);
    const Tensor s = drawn({1, T, n}, bits), h = drawn({1, S, n}, bits);
    const Array g = drawn({1, T, S}, bits).value();
    const Measured dot = measure(dot_scores(s, h).value(), g);
    const Measured scaled = measure(scaled_dot_scores(s, h).value(), g);
    std::printf("%4d   %8.2f  %8.2f  %8.4f  %8.4f\n", static_cast<int>(n), dot.largest,
                scaled.largest, dot.gradient, scaled.gradient);
  }
  RNNsearch model;
  draw(parameters(model, {.source_V = 12, .target_V = 12, .D = 8, .n = 16, .L = 12}, 16), 1);
  const std::vector<std::vector<int64_t>> one = {{5, 9}}, two = {{5, 9}, {3, 8, 4, 7}};
  const Tensor alone = first_of(model, one, false);
  std::printf("\na sentence beside a longer one: its logits change by up to\n");
  std::printf("  %.4f where padding is seen, %.4f where it is hidden\n",
              difference(alone, first_of(model, two, false)),
              difference(alone, first_of(model, two, true)));
}
