#pragma once

#include <cstdio>
#include <random>

#include "encoder_decoder.hpp"

/// The task of chapters 10 to 12: rows of digits, to be written backwards.
namespace course {

/// Digits have ids 2 to 11; 1 begins a text, 0 is padding.
constexpr int64_t begin_id = 1, words = 12;
const Sizes sizes{.source_V = words, .target_V = words, .D = 8, .n = 16, .L = 12};
constexpr int64_t longest = 8;  // digits of a row in training
const std::vector<int64_t> lengths = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

/// B rows of S digits.
inline Sentences digits(int64_t B, int64_t S, std::mt19937_64& bits) {
  std::vector<std::vector<int64_t>> rows(B, std::vector<int64_t>(S));
  for (auto& row : rows) {
    for (int64_t& id : row) id = 2 + static_cast<int64_t>(bits() % 10);
  }
  return padded(rows);
}

/// Each row backwards, word after word.
inline std::vector<int64_t> reversed(const Sentences& x) {
  std::vector<int64_t> ids;
  for (int64_t b = 0; b < x.B; ++b) {
    for (int64_t t = x.S; t-- > 0;) ids.push_back(x.ids[b * x.S + t]);
  }
  return ids;
}

/// What the decoder reads while it learns to write `target`: the same, one word later.
inline Sentences shifted(const Sentences& x, const std::vector<int64_t>& target) {
  Sentences before = x;
  for (int64_t i = 0; i < x.B * x.S; ++i) before.ids[i] = i % x.S ? target[i - 1] : begin_id;
  return before;
}

// [train]
/// Trains on 500 batches of 32 rows, the rows of a batch of one length from 1 to `longest`.
template <class Model>
void train(const Model& model, Adam& adam) {
  constexpr int64_t steps = 500;
  std::mt19937_64 bits(7);
  const double rate = adam.rate;
  for (int64_t step = 0; step < steps; ++step) {
    const Sentences x = digits(32, 1 + static_cast<int64_t>(bits() % longest), bits);
    const std::vector<int64_t> y = reversed(x);
    const Tensor said = logits(model, x, shifted(x, y));  // [B, T, V]
    const Tensor loss = cross_entropy(reshape(said, {x.B * x.S, words}), y);
    adam.rate = rate * (1 - static_cast<double>(step) / static_cast<double>(steps));
    adam.zero_grad();
    backward(loss);
    clip(adam.parameters, 1);
    adam.step();
  }
}
// [/train]

/// How many of 100 rows of S digits come out right to the last digit.
template <class Model>
int exact(const Model& model, int64_t S) {
  std::mt19937_64 bits(1000 + S);
  const Sentences x = digits(100, S, bits);
  const std::vector<int64_t> wanted = reversed(x), got = write(model, x, begin_id, S);
  int right = 0;
  for (int64_t b = 0; b < x.B; ++b) {
    right += std::equal(wanted.begin() + b * S, wanted.begin() + (b + 1) * S, got.begin() + b * S);
  }
  return right;
}

}  // namespace course
