#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "../../core/error.hpp"
#include "../../optim/averaging.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

std::vector<NamedTensor> weights() {
  Tensor w = Tensor::of({1, 2}, {2}, float64), b = Tensor::of({-3}, {1}, float64);
  return {{"w", w.set_requires_grad()}, {"b", b.set_requires_grad()}};
}

void set(const NamedTensor& entry, double value) {
  NoGrad no_grad;
  Tensor(entry.tensor).fill_(value);
}

}  // namespace

TEST_CASE("the moving average follows its equation, with the ramp of its decay") {
  const std::vector<NamedTensor> parameters = weights();
  ExponentialMovingAverage average(parameters, 0.9);
  double shadow = -3;
  for (int t = 1; t <= 200; ++t) {
    set(parameters[1], t);
    average.update();
    const double d = std::min(0.9, (1.0 + t) / (10.0 + t));
    shadow = d * shadow + (1 - d) * t;
  }
  CHECK(average.state()[2].tensor.item() == Approx(shadow).epsilon(1e-13));
  CHECK(average.state()[2].name == "shadow.b");
}

TEST_CASE("weights and shadow are exchanged exactly, and back") {
  const std::vector<NamedTensor> parameters = weights();
  ExponentialMovingAverage average(parameters, 0.5);
  set(parameters[0], 0.1);
  const uint32_t version = parameters[0].tensor.array().version();
  {
    const ShadowInPlace shadow(&average);
    CHECK(parameters[0].tensor.to_vector<double>() == std::vector<double>{1, 2});
    CHECK(parameters[0].tensor.array().version() > version);
  }
  CHECK(parameters[0].tensor.to_vector<double>() == std::vector<double>{0.1, 0.1});
  const ShadowInPlace none(nullptr);
}

TEST_CASE("a moving average that is saved and loaded goes on with the same bits") {
  const std::vector<NamedTensor> parameters = weights();
  ExponentialMovingAverage straight(parameters, 0.7), stopped(parameters, 0.7);
  std::vector<NamedTensor> saved;
  for (int t = 1; t <= 9; ++t) {
    set(parameters[1], std::sqrt(t));
    straight.update();
    if (t != 4) continue;
    for (const NamedTensor& entry : straight.state()) {
      saved.push_back({entry.name, entry.tensor.clone()});
    }
    stopped.load_state(saved);
  }
  for (int t = 5; t <= 9; ++t) {
    set(parameters[1], std::sqrt(t));
    stopped.update();
  }
  CHECK(stopped.state()[2].tensor.item() == straight.state()[2].tensor.item());
  saved[0].tensor = Tensor::scalar(-1, float64);
  CHECK_THROWS_WITH(stopped.load_state(saved), Contains("updates is -1"));
  saved.pop_back();
  saved[1].tensor = Tensor::zeros({3});
  CHECK_THROWS_WITH(
      stopped.load_state(saved),
      Contains("missing: shadow.b") && Contains("shadow.w is float32 [3], expected float64 [2]"));
  for (const double bad : {-0.1, 1.0, static_cast<double>(NAN)}) {
    CHECK_THROWS_AS(ExponentialMovingAverage(parameters, bad), ConfigError);
  }
}

TEST_CASE("the mean of states is summed in double and rounded once") {
  StateAverage average;
  CHECK_THROWS_AS(average.mean(), ConfigError);
  const auto state = [](double a, double b) {
    return std::vector<NamedTensor>{{"a", Tensor::full({2}, a)}, {"b", Tensor::full({}, b)}};
  };
  average.add(state(16777216, 1));
  average.add(state(1, 2));
  average.add({state(1, 4)[1], state(1, 4)[0]});  // in any order
  CHECK(average.count() == 3);
  const std::vector<NamedTensor> mean = average.mean();
  CHECK(mean[0].name == "a");
  CHECK(mean[0].tensor.dtype() == float32);
  CHECK(mean[0].tensor.at({1}) == static_cast<float>(16777218.0 / 3));
  CHECK(mean[1].tensor.item() == static_cast<float>(7.0 / 3));
}

TEST_CASE("states of different models have no mean: all differences are listed") {
  StateAverage average;
  average.add({{"a", Tensor::ones({2})}, {"b", Tensor::ones({3})}});
  CHECK_THROWS_WITH(average.add({{"a", Tensor::ones({5})}, {"c", Tensor::ones({3})}}),
                    Contains("missing: b") && Contains("unexpected: c") &&
                        Contains("a is float32 [5], expected float32 [2]"));
  CHECK(average.count() == 1);
}
