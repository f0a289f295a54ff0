// Optimised: it trains for seconds.

#include <cstdio>

#include "transformer.hpp"

// A Transformer learns to write a word backwards, letter by letter.

using namespace course;

namespace {

constexpr int64_t begin = 1, end = 2, first_letter = 3, V = 11;
using Words = std::vector<std::vector<int64_t>>;

struct Batch {
  Sentences source, before;
  std::vector<int64_t> after;  ///< what follows each word of `before`, -1 behind the end
  Words words;
};

/// `count` words of three to five letters, and the same backwards.
Batch draw(int64_t size, std::mt19937_64& bits) {
  Batch batch;
  Words before;
  for (int64_t i = 0; i < size; ++i) {
    std::vector<int64_t> word(3 + bits() % 3);
    for (int64_t& letter : word) letter = first_letter + static_cast<int64_t>(bits() % 8);
    batch.words.push_back(word);
    before.push_back({begin});
    before.back().insert(before.back().end(), word.rbegin(), word.rend());
  }
  batch.source = padded(batch.words);
  batch.before = padded(before);
  for (const auto& words : before) {
    for (int64_t t = 0; t < batch.before.S; ++t) {
      const auto next = static_cast<std::size_t>(t + 1);
      batch.after.push_back(next < words.size() ? words[next] : next == words.size() ? end : -1);
    }
  }
  return batch;
}

Tensor logits(const Transformer& m, const Batch& batch) {
  const Tensor y = decode(m, encode(m, batch.source), batch.source, batch.before);
  return reshape(y, {batch.before.B * batch.before.S, V});
}

/// How many letters and ends of fresh words are the most probable ones, in percent.
double right(const Transformer& m, std::mt19937_64& bits) {
  const Batch batch = draw(100, bits);
  const Array y = logits(m, batch).value();
  int64_t found = 0, all = 0;
  for (std::size_t i = 0; i < batch.after.size(); ++i) {
    if (batch.after[i] < 0) continue;
    const double* row = numbers(y) + static_cast<int64_t>(i) * V;
    ++all;
    found += std::max_element(row, row + V) - row == batch.after[i];
  }
  return 100.0 * static_cast<double>(found) / static_cast<double>(all);
}

}  // namespace

int main() {
  std::vector<Tensor> weights;
  const Transformer m = new_transformer({V, V, 32, 4, 1, 64}, 1, weights);
  Adam adam{weights, 5e-3};
  std::mt19937_64 bits(2);
  for (int64_t step = 0; step <= 200; ++step) {
    const Batch batch = draw(16, bits);
    const Tensor loss = cross_entropy(logits(m, batch), batch.after);
    if (step % 50 == 0) {
      std::printf("step %3d   loss %.1f   right %3.0f %%\n", static_cast<int>(step),
                  loss.value().at({}), right(m, bits));
    }
    adam.zero_grad();
    backward(loss);
    clip(weights, 1);
    adam.step();
  }
}
