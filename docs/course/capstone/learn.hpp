#pragma once

#include <chrono>

#include "phrases.hpp"

/// Training and testing of any of the course's models.
namespace capstone {

/// The mean loss of the words that count; logits [B, T, V].
inline course::Tensor loss_of(const course::Tensor& logits, const Batch& batch) {
  const course::Shape& s = logits.shape();
  return course::cross_entropy(course::reshape(logits, {s[0] * s[1], s[2]}), batch.after);
}

/// One step: gradients no longer than 1 together, then Adam. Returns the loss before it.
template <class Logits>
double train_step(const Logits& logits, const Batch& batch, course::Adam& adam) {
  const course::Tensor loss = loss_of(logits(batch), batch);
  adam.zero_grad();
  course::backward(loss);
  course::clip(adam.parameters, 1);
  adam.step();
  return loss.value().at({});
}

/// The learning rate of a step, counted from 1: up to `peak` over 200 steps, then down with the
/// root of their number (Vaswani et al. 2017, section 5.3).
inline double rate_of(int64_t step, double peak) {
  const double t = static_cast<double>(step) / 200;
  return peak * std::min(t, 1 / std::sqrt(t));
}

/// How many of the pairs a model translates word for word. `write(source, T)` gives B T words.
template <class Write>
double exact(const std::vector<Pair>& pairs, const Write& write) {
  int64_t right = 0;
  for (std::size_t begin = 0; begin < pairs.size(); begin += 50) {
    const std::vector<Pair> some(pairs.begin() + begin,
                                 pairs.begin() + std::min(pairs.size(), begin + 50));
    const Batch batch = batch_of(some);
    const int64_t T = batch.before.S + 2;
    const std::vector<int64_t> words = write(batch.source, T);
    for (std::size_t b = 0; b < some.size(); ++b) {
      const auto row = words.begin() + static_cast<int64_t>(b) * T;
      right += Words(row, std::find(row, row + T, eos)) == some[b].target;
    }
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(pairs.size());
}

/// Trains for some minutes, or until 98 % of the validation are right.
template <class Logits, class Write>
void learn(const std::vector<Pair>& train, const std::vector<Pair>& valid, course::Adam& adam,
           double peak, double minutes, const Logits& logits, const Write& write) {
  std::mt19937_64 bits(1);
  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 60;
  };
  while (passed() < minutes) {
    double sum = 0;
    int64_t steps = 0;
    for (const Batch& batch : batches_of(train, 64, bits)) {
      adam.rate = rate_of(adam.steps + 1, peak);
      sum += train_step(logits, batch, adam);
      ++steps;
      if (passed() >= minutes) break;
    }
    const double right = exact(valid, write);
    std::printf("%5d steps, %4.1f minutes, loss %.3f, %5.1f %% of the validation exactly right\n",
                static_cast<int>(adam.steps), passed(), sum / static_cast<double>(steps), right);
    std::fflush(stdout);
    if (right >= 98) return;
  }
}

}  // namespace capstone
