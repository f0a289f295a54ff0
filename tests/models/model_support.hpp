#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "../../core/operations.hpp"
#include "../../models/model.hpp"
#include "../../models/rnn_search.hpp"
#include "../../models/search/search.hpp"
#include "../../models/text/batches.hpp"
#include "../../models/text/vocabulary.hpp"
#include "../../models/transformer_config.hpp"

namespace model_support {

using namespace heed;

/// Sizes that are distinct primes.
inline RecurrentConfig small_config() {
  RecurrentConfig config;
  config.source_vocab = 23;
  config.target_vocab = 19;
  config.embedding = 5;
  config.hidden = 7;
  config.attention_size = 11;
  config.readout_size = 3;
  return config;
}

inline TransformerConfig small_transformer() {
  TransformerConfig config;
  config.source_vocab = 23;
  config.target_vocab = 19;
  config.d_model = 10;
  config.heads = 2;
  config.encoder_layers = 2;
  config.decoder_layers = 2;
  config.feed_forward = 7;
  config.max_length = 50;
  return config;
}

/// Sentences of these lengths (end symbol included) with random words.
inline std::vector<std::vector<int32_t>> random_sentences(const std::vector<int64_t>& lengths,
                                                          uint64_t vocabulary) {
  Generator generator(17);
  std::vector<std::vector<int32_t>> sentences;
  for (const int64_t length : lengths) {
    std::vector<int32_t>& sentence = sentences.emplace_back();
    for (int64_t i = 1; i < length; ++i) {
      sentence.push_back(4 + static_cast<int32_t>(generator.below(vocabulary - 4)));
    }
    sentence.push_back(Vocabulary::eos);
  }
  return sentences;
}

/// Pairs of random sentences.
inline text::EncodedPairs random_pairs(const std::vector<int64_t>& source,
                                       const std::vector<int64_t>& target) {
  return {random_sentences(source, 23), random_sentences(target, 19)};
}

inline Tensor logits_of(const RNNsearch& model, const text::Batch& batch) {
  return model(batch.source, batch.source_keep, batch.target_in);
}

/// The largest |a - b|.
inline double difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  const auto x = a.to(float64).to_vector<double>(), y = b.to(float64).to_vector<double>();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!(std::abs(x[i] - y[i]) <= largest)) largest = std::abs(x[i] - y[i]);
  }
  return largest;
}

}  // namespace model_support
