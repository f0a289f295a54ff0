// What recording costs, and the operations that a training step has beside its products.
#include "benchmarks.hpp"

namespace heed::benchmarks {

namespace {

/// Operations of a chain: microseconds of the chain are nanoseconds of an operation.
constexpr int chained = 1000;

/// x^1000, product by product. Of ones, so that nothing overflows.
Tensor chain(const Tensor& x) {
  Tensor y = x;
  for (int i = 0; i < chained; ++i) y = y * x;
  return y;
}

void time_recorded_forward(State& state) {
  const Tensor x = Tensor::ones({state.range(0)}).set_requires_grad();
  for (auto _ : state) benchmark::DoNotOptimize(chain(x));
}
HEED_BENCHMARK(recorded_forward)->Arg(1)->Arg(64)->Arg(4096);

void time_recorded_backward(State& state) {
  const Tensor x = Tensor::ones({state.range(0)}).set_requires_grad();
  const Tensor gradient = Tensor::ones({state.range(0)});
  for (auto _ : state) {
    state.PauseTiming();
    x.zero_grad();
    const Tensor y = chain(x);
    state.ResumeTiming();
    y.backward(gradient);
  }
}
HEED_BENCHMARK(recorded_backward)->Arg(1)->Arg(64)->Arg(4096);

// rows, columns
void time_softmax(State& state) {
  const Tensor x = leaf({state.range(0), state.range(1)});
  time_step(state, {x}, [&] { return softmax(x); });
  rate(state, "elements", static_cast<double>(x.numel()));
}
HEED_BENCHMARK(softmax)->Args({8192, 16})->Args({1024, 1024})->Args({256, 8000});

void time_layer_norm(State& state) {
  const Tensor x = leaf({state.range(0), state.range(1)});
  const LayerNorm norm(state.range(1));
  time_step(state, {x, norm.weight, norm.bias}, [&] { return norm(x); });
  rate(state, "elements", static_cast<double>(x.numel()));
}
HEED_BENCHMARK(layer_norm)->Args({64, 256})->Args({4096, 256});

void time_dropout(State& state) {
  const Tensor x = leaf({state.range(0), state.range(1)});
  time_step(state, {x}, [&] { return dropout(x, 0.1); });
  rate(state, "elements", static_cast<double>(x.numel()));
}
HEED_BENCHMARK(dropout)->Args({64, 256})->Args({4096, 256});

void time_add_dropout(State& state) {
  const Tensor x = leaf({state.range(0), state.range(1)}), y = leaf(x.shape());
  time_step(state, {x, y}, [&] { return add_dropout(x, y, 0.1); });
  rate(state, "elements", static_cast<double>(x.numel()));
}
HEED_BENCHMARK(add_dropout)->Args({64, 256})->Args({4096, 256});

// Sentences, words: 8 heads of 32.
void time_tiled_attention(State& state) {
  const int64_t B = state.range(0), T = state.range(1), H = 8, K = 32;
  const Tensor query = leaf({B, H, T, K}), key = leaf({B, H, T, K}), value = leaf({B, H, T, K});
  time_step(state, {query, key, value}, [&] {
    return tiled_attention(query, key, value, {}, {}, {.scale = 0.17677669529663687});
  });
  rate(state, "flop/s", 14.0 * static_cast<double>(B * H * T * T * K));  // 2 products, then 5
}
HEED_BENCHMARK(tiled_attention)->Args({64, 16})->Args({4, 128})->Args({4, 1024});

// The five best words of each hypothesis, all of them normalised: hypotheses, vocabulary.
void time_log_softmax_topk(State& state) {
  const NoGrad no_grad;
  const Tensor logits = Tensor::randn({state.range(0), state.range(1)});
  for (auto _ : state) benchmark::DoNotOptimize(topk(log_softmax(logits), 5));
}
HEED_BENCHMARK(log_softmax_topk)->Args({5, 8000})->Args({320, 8000});

}  // namespace

}  // namespace heed::benchmarks
