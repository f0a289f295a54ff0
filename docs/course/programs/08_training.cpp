#include <cstdio>
#include <random>
#include <string>

#include "training.hpp"

using namespace course;

namespace {

const std::string text =
    "the cat sat on the mat. the dog sat by the door. "
    "the cat saw the dog, and the dog saw the cat. ";
const std::string letters = "abcdefghijklmnopqrstuvwxyz ,.";
constexpr int64_t before = 4, D = 8, H = 32;  // letters that are seen, their size, the hidden layer

/// Numbers around 0, as large as 1 / sqrt of what they are summed over.
Tensor weight(const Shape& shape, std::mt19937_64& bits) {
  const Array a = zeros(shape);
  const double most = 1 / std::sqrt(static_cast<double>(shape.back()));
  for (double& number : *a.data) {
    number = most * (static_cast<double>(bits() >> 11) * 0x1p-52 - 1);
  }
  return variable(a);
}

// [model]
/// Four letters in, scores of the next one out:
///   x = [E_1; E_2; E_3; E_4],   h = tanh(x W1^T + b1),   logits = h W2^T + b2.
struct Model {
  Tensor E, W1, b1, W2, b2;

  /// ids: `before` letters of each of N examples, one example after the other; logits [N, V].
  Tensor operator()(const std::vector<int64_t>& ids) const {
    const int64_t N = static_cast<int64_t>(ids.size()) / before;
    const Tensor x = reshape(embedding(ids, E), {N, before * D});
    return linear(tanh(linear(x, W1, b1)), W2, b2);
  }
};
// [/model]

int64_t best(const Tensor& logits) {
  const Array x = logits.value();
  return std::max_element(numbers(x), numbers(x) + count(x.shape)) - numbers(x);
}

std::string continued(const Model& model, std::string written, int64_t more) {
  for (int64_t i = 0; i < more; ++i) {
    std::vector<int64_t> ids;
    for (const char letter : written.substr(written.size() - before)) {
      ids.push_back(static_cast<int64_t>(letters.find(letter)));
    }
    written += letters[best(model(ids))];
  }
  return written;
}

}  // namespace

int main() {
  const int64_t V = static_cast<int64_t>(letters.size());
  std::mt19937_64 bits(1);
  const Model model{weight({V, D}, bits), weight({H, before * D}, bits), variable(zeros({H})),
                    weight({V, H}, bits), variable(zeros({V}))};
  std::vector<int64_t> ids, targets;
  for (std::size_t i = before; i < text.size(); ++i) {
    for (std::size_t k = i - before; k < i; ++k) {
      ids.push_back(static_cast<int64_t>(letters.find(text[k])));
    }
    targets.push_back(static_cast<int64_t>(letters.find(text[i])));
  }
  std::printf("%zu examples; log V = %.2f\n", targets.size(), std::log(static_cast<double>(V)));

  // [loop]
  Adam adam{{model.E, model.W1, model.b1, model.W2, model.b2}, 0.01};
  for (int step = 0; step <= 100; ++step) {
    const Tensor loss = cross_entropy(model(ids), targets);
    adam.zero_grad();
    backward(loss);
    const double length = clip(adam.parameters, 1);
    adam.step();
    if (step % 20 == 0) {
      std::printf("step %3d  loss %.2f  length of the gradient %.2f\n", step, loss.value().at({}),
                  length);
    }
  }
  // [/loop]
  std::printf("%s\n", continued(model, "the ", 40).c_str());
}
