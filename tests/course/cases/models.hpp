#pragma once

#include "cases.hpp"

/// The recurrent models of heed in float64, for chapters 10 to 12.
namespace course_cases {

/// V words on each side, E = 2, n = 3, A = 4, L = 2.
inline heed::RecurrentConfig small_config() {
  return {.source_vocab = 6,
          .target_vocab = 5,
          .embedding = 2,
          .hidden = 3,
          .attention_size = 4,
          .readout_size = 2};
}

/// Other weights for all of a model, in float64, written to the case.
template <class Model>
void draw(File& file, Model& model) {
  heed::to(model, heed::float64);
  for (const heed::NamedTensor& one : heed::named_parameters(model)) {
    {
      const heed::NoGrad no_grad;
      heed::Tensor weight = one.tensor;
      weight.copy_(file.random(weight.shape()));
    }
    file.put(one.name, one.tensor);
  }
}

/// y, a random g of it, and "d" + name of every weight that has a gradient.
template <class Model>
void put_result(File& file, Model& model, const heed::Tensor& y) {
  const heed::Tensor g = file.random(y.shape());
  file.put("g", g);
  file.put("y", y);
  y.backward(g);
  for (const heed::NamedTensor& one : heed::named_parameters(model)) {
    if (one.tensor.grad().defined()) file.put("d" + one.name, one.tensor.grad());
  }
}

/// A source [B, S] whose words are 1 to 5, and a text [B, T] whose words are 1 to 4.
struct Text {
  heed::Tensor source, keep, before;
};

/// lengths: words of each sentence.
inline Text text(const std::vector<int64_t>& lengths, int64_t T) {
  const auto B = static_cast<int64_t>(lengths.size());
  const int64_t S = *std::max_element(lengths.begin(), lengths.end());
  std::vector<int32_t> source, keep, before;
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t t = 0; t < S; ++t) {
      keep.push_back(t < lengths[b]);
      source.push_back(t < lengths[b] ? static_cast<int32_t>(1 + (3 * b + 2 * t) % 5) : 0);
    }
    for (int64_t t = 0; t < T; ++t) before.push_back(static_cast<int32_t>(1 + (b + 3 * t) % 4));
  }
  return {heed::Tensor::from<int32_t>(source, {B, S}), heed::Tensor::from<int32_t>(keep, {B, S}),
          heed::Tensor::from<int32_t>(before, {B, T})};
}

inline void put(File& file, const Text& x) {
  file.put("source", x.source);
  file.put("keep", x.keep);
  file.put("before", x.before);
}

}  // namespace course_cases
