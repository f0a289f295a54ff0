#pragma once

#include "../../models/rnn_search.hpp"
#include "../../models/transformer.hpp"

/// The networks that are timed, and their texts.
namespace heed::tools {

inline constexpr int64_t bench_vocabulary = 8000, bench_words = 16;

TransformerConfig bench_transformer(double dropout);
RecurrentConfig bench_rnn_search(int64_t hidden);

/// A text of random words, the same for the same seed: [B, T].
Tensor random_words(int64_t B, int64_t T, uint64_t seed);

}  // namespace heed::tools
