// The four training steps: forward, smoothed loss, backward, clipping, Adam, with dropout.
#include "../../core/precision.hpp"
#include "../../models/model.hpp"
#include "../../optim/adam.hpp"
#include "../../optim/clipping.hpp"
#include "floor.hpp"
#include "networks.hpp"
#include "works.hpp"

namespace heed::tools {

namespace {

constexpr int64_t T = bench_words, V = bench_vocabulary;

std::vector<BenchRow> bench_step(const std::string& work, TranslationModel model, int64_t B,
                                 const Products& products) {
  const Tensor source = random_words(B, T, 1), target = random_words(B, T, 2);
  const Tensor labels = random_words(B, T, 3);
  const Tensor keep = Tensor::ones({B, T}, boolean);
  const std::vector<Tensor> weights = parameters(model);
  Adam optimizer(weights, {.lr = 1e-4});
  train(model);
  const StepTimes times = time_steps([&] {
    optimizer.zero_grad();
    model.loss(source, keep, target, labels, {.label_smoothing = 0.1}).backward();
    clip_grad_norm(weights, 1);
    optimizer.step();
  });
  const bool single = product_precision == Precision::single;
  const std::string in = single ? "" : std::string(", ") + to_string(product_precision);
  BenchRow row = row_of(work, "batch " + std::to_string(B) + in, times);
  row.tokens_per_second = static_cast<double>(B * T) / times.min * 1e3;
  row.floor_ms = products.milliseconds();
  return {row};
}

Products transformer_products(const TransformerConfig& c, int64_t B) {
  const int64_t rows = B * T, D = c.d_model, F = c.feed_forward;
  Products all;
  for (int64_t layer = 0; layer < c.encoder_layers; ++layer) {
    for (const int64_t out : {3 * D, D}) all.linear(rows, out, D);  // self-attention
    all.linear(rows, F, D);
    all.linear(rows, D, F);
  }
  for (int64_t layer = 0; layer < c.decoder_layers; ++layer) {
    for (const int64_t out : {3 * D, D, D, 2 * D, D}) all.linear(rows, out, D);  // self, other
    all.linear(rows, F, D);
    all.linear(rows, D, F);
  }
  all.linear(rows, V, D);
  return all;
}

/// Of a GRU that reads [B, T, E]: all inputs at once, the states one after the other.
void add_encoder(Products& all, int64_t B, int64_t E, int64_t n) {
  all.linear(B * T, 3 * n, E);
  for (int64_t t = 0; t < T; ++t) {
    all.linear_forward(B, 3 * n, n, true);
    all.linear_to_input(B, 3 * n, n);
  }
  all.linear_to_weight(B * T, 3 * n, n);
}

Products rnn_search_products(const RecurrentConfig& c, int64_t B) {
  const int64_t rows = B * T, E = c.embedding, n = c.hidden, A = c.attention_size;
  Products all;
  for (int direction = 0; direction < 2; ++direction) add_encoder(all, B, E, n);
  all.linear(rows, A, 2 * n);  // U_a h_j
  all.linear(rows, 3 * n, E);  // the words' part of the gates
  for (int64_t t = 0; t < T; ++t) {
    all.linear_forward(B, A, n);                // W_a s_{i-1}
    all.linear_forward(B, 3 * n, 2 * n, true);  // C c_i
    all.linear_forward(B, 3 * n, n, true);      // U s_{i-1}
    all.linear_to_input(B, A, n, true);
    all.linear_to_input(B, 3 * n, 2 * n, true);
    all.linear_to_input(B, 3 * n, n, true);
  }
  all.linear_to_weight(rows, A, n);
  all.linear_to_weight(rows, 3 * n, 2 * n);
  all.linear_to_weight(rows, 3 * n, n);
  all.linear(rows, c.readout_size, 3 * n + E);
  all.linear(rows, V, c.readout_size);
  return all;
}

std::vector<BenchRow> bench_transformer_step(const std::string& work, int64_t B) {
  manual_seed(0);
  const TransformerConfig config = bench_transformer(0.1);
  return bench_step(work, TranslationModel(Transformer(config)), B,
                    transformer_products(config, B));
}

std::vector<BenchRow> bench_rnn_step(const std::string& work, int64_t B, int64_t hidden) {
  manual_seed(0);
  const RecurrentConfig config = bench_rnn_search(hidden);
  return bench_step(work, TranslationModel(RNNsearch(config)), B, rnn_search_products(config, B));
}

}  // namespace

std::vector<BenchRow> bench_tf_small() { return bench_transformer_step("tf_small", 64); }
std::vector<BenchRow> bench_tf_big() { return bench_transformer_step("tf_big", 256); }
std::vector<BenchRow> bench_rnn_small() { return bench_rnn_step("rnn_small", 64, 256); }
std::vector<BenchRow> bench_rnn_big() { return bench_rnn_step("rnn_big", 256, 512); }

}  // namespace heed::tools
