#include <cmath>

#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

Tensor weights(File& file, const Shape& shape) { return softmax(file.random(shape) * 3.0, -1); }

/// -sum w log w, where a weight of 0 adds 0.
Tensor entropy(const Tensor& w) {
  const Tensor shown = where(eq(w, 0), Tensor::full(w.shape(), 1, float64), w);
  return -sum(w * log(shown), {-1});
}

void entropies(File& file) {
  const auto put = [&](const std::string& name, const Tensor& w) {
    file.begin("entropy of " + name);
    file.put("w", w);
    const Tensor y = entropy(w);
    file.put("y", y);
    if (w.numel() == 0) return;
    file.put("bits", y / std::log(2.0));
    file.put("mean", y / static_cast<double>(w.size(-1)));
    file.put("number", exp(y));
  };
  put("[3, 4]", weights(file, {3, 4}));
  put("[2, 2, 3, 5]", weights(file, {2, 2, 3, 5}));
  put("no rows", Tensor::zeros({0, 4}, float64));
  put("one word", Tensor::full({2, 1}, 1, float64));
  put("sure rows", Tensor::from(std::vector<double>{1, 0, 0, 0.5, 0, 0.5, 0.2, 0.3, 0.5}, {3, 3}));
  put("a row that looks nowhere", Tensor::from(std::vector<double>{0, 0, 0.5, 0.5}, {2, 2}));
}

void heads(File& file) {
  for (const Shape& shape : {Shape{2, 3, 3, 4}, Shape{1, 2, 3, 3}, Shape{2, 1, 1, 5}}) {
    const Tensor w = weights(file, shape);
    file.begin("mean_over_heads of " + to_string(shape));
    file.put("w", w);
    file.put("y", mean(w, {1}));
    file.put("sum", sum(w, {1}));
    file.put("largest", max(w, {1}));
    file.put("first", reshape(slice(w, 1, 0, 1), {shape[0], shape[2], shape[3]}));
    file.put("of_queries", mean(w, {2}));
  }
}

void rollouts(File& file) {
  for (const auto& [name, B, T, layers] :
       {std::tuple{"three layers", 2, 3, 3}, std::tuple{"one layer", 1, 4, 1},
        std::tuple{"one word", 1, 1, 2}}) {
    file.begin(std::string("rollout of ") + name);
    file.put("layers", std::vector<int64_t>{layers});
    const Tensor one = Tensor::eye(T, float64);
    Tensor y, turned, no_residual, no_half, added;
    for (int64_t i = 0; i < layers; ++i) {
      const Tensor w = weights(file, {B, T, T}), a = (w + one) * 0.5;
      file.put("w" + std::to_string(i), w);
      y = i ? matmul(a, y) : a;
      turned = i ? matmul(turned, a) : a;
      no_residual = i ? matmul(w, no_residual) : w;
      no_half = i ? matmul(w + one, no_half) : w + one;
      added = i ? added + w * (1.0 / layers) : w * (1.0 / layers);
    }
    file.put("y", y);
    file.put("no_residual", no_residual);
    file.put("no_half", no_half);
    file.put("turned", turned);
    file.put("added", added);
  }
}

void write(File& file) {
  entropies(file);
  heads(file);
  rollouts(file);
}

const course_cases::Chapter added("16_reading", write);

}  // namespace
