// Layers with their weights, and the optimiser that changes them.
#include "benchmarks.hpp"

namespace heed::benchmarks {

namespace {

/// `first`, and what collects gradients in the layer.
template <class L>
std::vector<Tensor> leaves_of(L& layer, std::vector<Tensor> first) {
  for (const Tensor& one : parameters(layer)) first.push_back(one);
  return first;
}

// rows, in, out
void time_linear(State& state) {
  const int64_t rows = state.range(0), in = state.range(1), out = state.range(2);
  const Tensor x = leaf({rows, in});
  Linear linear(in, out);
  time_step(state, leaves_of(linear, {x}), [&] { return linear(x); });
  rate(state, "flop/s", 6.0 * static_cast<double>(rows * in * out));  // 3 products
}
HEED_BENCHMARK(linear)
    ->Args({1, 256, 1024})
    ->Args({64, 256, 1024})
    ->Args({1024, 256, 1024})
    ->Args({4096, 512, 512});

// Queries of each of 64 sentences of 16 words: a step of the decoder, and all steps at once.
void time_additive_score(State& state) {
  const int64_t B = 64, S = 16, n = 256;
  AdditiveScore score({.query = n, .key = 2 * n, .size = n});
  const Tensor s = leaf({B, state.range(0), n}), annotations = leaf({B, S, 2 * n});
  time_step(state, leaves_of(score, {s, annotations}),
            [&] { return score(s, score.project(annotations)); });
}
HEED_BENCHMARK(additive_score)->Arg(1)->Arg(16);

// batch, size
void time_gru_step(State& state) {
  const int64_t B = state.range(0), n = state.range(1);
  GRUCell cell({.input = n, .hidden = n});
  const Tensor x = leaf({B, n}), h = leaf({B, n});
  time_step(state, leaves_of(cell, {x, h}), [&] { return cell(x, h); });
}
HEED_BENCHMARK(gru_step)->Args({1, 256})->Args({64, 256})->Args({256, 512});

// sentences, words, size: both directions
void time_gru(State& state) {
  const int64_t B = state.range(0), S = state.range(1), n = state.range(2);
  GRU gru({.input = n, .hidden = n, .bidirectional = true});
  const Tensor x = leaf({B, S, n});
  time_step(state, leaves_of(gru, {x}), [&] { return gru(x).output; });
}
HEED_BENCHMARK(gru)->Args({1, 16, 256})->Args({64, 16, 256});

void time_adam(State& state) {
  const Tensor weight = leaf({state.range(0)});
  Adam optimizer(std::vector<Tensor>{weight});
  weight.set_grad(Array::full({state.range(0)}, 0.01));
  for (auto _ : state) optimizer.step();
  rate(state, "elements", static_cast<double>(state.range(0)));
}
HEED_BENCHMARK(adam)->Arg(1 << 10)->Arg(1 << 20);

}  // namespace

}  // namespace heed::benchmarks
