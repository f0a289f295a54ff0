// Attention on texts of growing length, recorded operations, the optimiser's sweep.
#include <algorithm>

#include "../../core/elementwise.hpp"
#include "../../core/reductions.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "../../optim/adam.hpp"
#include "../../optim/clipping.hpp"
#include "works.hpp"

namespace heed::tools {

namespace {

Tensor random_leaf(const Shape& shape) {
  Tensor x = Tensor::randn(shape);
  x.set_requires_grad(true);
  return x;
}

BenchRow bench_one_attention(int64_t T, bool causal) {
  constexpr int64_t B = 4, H = 8, K = 32;
  Tensor q = random_leaf({B, H, T, K}), k = random_leaf({B, H, T, K}),
         v = random_leaf({B, H, T, K});
  const Tensor keep = causal ? causal_keep(T, T) : Tensor();
  const StepTimes times = time_steps([&] {
    for (Tensor* x : {&q, &k, &v}) x->zero_grad();
    sum(scaled_dot_product_attention({q, k, v, keep}).context).backward();
  });
  BenchRow row = row_of("attention", "T " + std::to_string(T) + (causal ? " causal" : ""), times);
  // Two products forward, five backward: the scores again, dV, dalpha, dQ, dK.
  const double products = 14.0 * B * H * K * static_cast<double>(T * T);
  row.gflops = (causal ? products / 2 : products) / times.min * 1e-6;
  return row;
}

/// A chain of products and sums, each recorded.
BenchRow bench_operation(int64_t elements) {
  constexpr int operations = 2000, rounds = 30;
  BenchRow row{.work = "autograd",
               .name = std::to_string(elements) + (elements == 1 ? " element" : " elements")};
  row.forward_ns = row.backward_ns = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const Tensor x = random_leaf({elements});
    const double start = now_in_seconds();
    Tensor y = x;
    for (int i = 0; i < operations; i += 2) {
      y = y * x;
      y = y + x;
    }
    const double middle = now_in_seconds();
    sum(y).backward();
    const double end = now_in_seconds();
    row.forward_ns = std::min(row.forward_ns, 1e9 * (middle - start) / operations);
    row.backward_ns = std::min(row.backward_ns, 1e9 * (end - middle) / operations);
  }
  row.peak_rss_mb = peak_memory();
  return row;
}

}  // namespace

std::vector<BenchRow> bench_attention() {
  std::vector<BenchRow> rows;
  for (const int64_t T : {128, 1024, 4096}) {
    for (const bool causal : {false, true}) rows.push_back(bench_one_attention(T, causal));
  }
  return rows;
}

std::vector<BenchRow> bench_autograd() {
  std::vector<BenchRow> rows;
  for (const int64_t elements : {1, 64, 4096}) rows.push_back(bench_operation(elements));
  return rows;
}

std::vector<BenchRow> bench_adam() {
  std::vector<Tensor> weights;
  for (int i = 0; i < 40; ++i) {
    weights.push_back(random_leaf({500, 500}));
    sum(square(weights.back())).backward();
  }
  Adam optimizer(weights, {.lr = 1e-4});
  const StepTimes times = time_steps([&] {
    clip_grad_norm(weights, 1);
    optimizer.step();
  });
  return {row_of("adam", "10,000,000 weights", times)};
}

}  // namespace heed::tools
