#pragma once

#include <vector>

#include "measurement.hpp"

/// What `heed bench` times. The networks: vocabulary 8,000, sources and targets of 16 words without
/// padding, dropout 0.1 in training. `tf`: a pre-norm Transformer, 3 + 3 layers, D 256, F 1,024, 8
/// heads, all embeddings tied. `rnn`: RNNsearch, embedding 256, hidden and attention 256 (small) or
/// 512 (big), a tanh read-out of 256. Batches of 64 (small) and 256 (big).
namespace heed::tools {

struct Work {
  const char *name, *summary;
  std::vector<BenchRow> (*run)();
  /// Its steps are made of operations that a `Profile` sees.
  bool can_be_profiled = true;
  /// It is a training step, which has a precision.
  bool trains = false;
};
const std::vector<Work>& works();

// In files by subject: each gives a row for each of its cases.
std::vector<BenchRow> bench_tf_small();
std::vector<BenchRow> bench_tf_big();
std::vector<BenchRow> bench_rnn_small();
std::vector<BenchRow> bench_rnn_big();
std::vector<BenchRow> bench_decode_greedy();
std::vector<BenchRow> bench_decode_beam5();
std::vector<BenchRow> bench_decode_one();
std::vector<BenchRow> bench_attention();
std::vector<BenchRow> bench_autograd();
std::vector<BenchRow> bench_adam();
std::vector<BenchRow> bench_startup();

}  // namespace heed::tools
