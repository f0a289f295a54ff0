#pragma once

#include <benchmark/benchmark.h>

#include <vector>

#include "../../heed.hpp"

namespace heed::benchmarks {

using benchmark::State;

/// Normal numbers that collect a gradient.
inline Tensor leaf(const Shape& shape) { return Tensor::randn(shape).set_requires_grad(); }

/// Times `f()` with its history and the backward pass through it, as a step of training does.
template <class F>
void time_step(State& state, const std::vector<Tensor>& leaves, F f) {
  const Tensor gradient = Tensor::randn(f().shape());
  for (auto _ : state) {
    for (const Tensor& one : leaves) one.zero_grad();
    f().backward(gradient);
  }
}

/// Shows how many of something an iteration has as a rate, `name`.
inline void rate(State& state, const char* name, double count) {
  state.counters[name] = benchmark::Counter(count, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace heed::benchmarks

/// Several threads share the work: the clock on the wall counts.
#define HEED_BENCHMARK(name) \
  BENCHMARK(time_##name)->Name(#name)->UseRealTime()->Unit(benchmark::kMicrosecond)
