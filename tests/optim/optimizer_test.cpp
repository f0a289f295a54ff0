#include <catch2/catch.hpp>

#include <cmath>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "../../layers/linear.hpp"
#include "../../optim/adadelta.hpp"
#include "../../optim/adam.hpp"
#include "../../optim/sgd.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

Tensor weights(std::initializer_list<double> values) {
  Tensor tensor = Tensor::of(values, {static_cast<int64_t>(values.size())}, float64);
  return tensor.set_requires_grad();
}

void set_gradient(const Tensor& parameter, std::initializer_list<double> values) {
  parameter.set_grad(Tensor::of(values, parameter.shape(), parameter.dtype()).array());
}

/// A net and its data, to train the same way twice.
struct Problem {
  Linear layer{3, 2};
  Tensor x = Tensor::randn({64, 3}), y = Tensor::randn({64, 2});

  double step(Optimizer& optimizer) {
    const Tensor loss = mean(square(layer(x) - y));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss.item();
  }
};

std::vector<NamedTensor> copied(const std::vector<NamedTensor>& state) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& entry : state) copies.push_back({entry.name, entry.tensor.clone()});
  return copies;
}

/// Five steps, then five more from the saved state: the same bits as ten.
template <class Make>
void check_continuation(const Make& make) {
  manual_seed(7);
  Problem straight;
  Linear stopped_layer = clone(straight.layer);
  auto optimizer = make(parameters(straight.layer));
  for (int i = 0; i < 5; ++i) straight.step(optimizer);
  load_state_dict(stopped_layer, state_dict(straight.layer));
  const auto state = copied(optimizer.state());
  for (int i = 0; i < 5; ++i) straight.step(optimizer);

  auto resumed = make(parameters(stopped_layer));
  resumed.load_state(state);
  Problem again{std::move(stopped_layer), straight.x, straight.y};
  for (int i = 0; i < 5; ++i) again.step(resumed);
  CHECK(straight.layer.weight.tensor().to_vector<float>() ==
        again.layer.weight.tensor().to_vector<float>());
  const std::vector<NamedTensor> a = optimizer.state(), b = resumed.state();
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].name == b[i].name);
    CHECK(a[i].tensor.to(float64).to_vector<double>() ==
          b[i].tensor.to(float64).to_vector<double>());
  }
}

}  // namespace

TEST_CASE("SGD takes the steps of its formulas: plain, momentum, Nesterov, dampening, decay") {
  const Tensor plain = weights({1}), momentum = weights({1}), nesterov = weights({1});
  const Tensor damped = weights({1}), decayed = weights({1});
  SGD a({plain}, {.lr = 0.5}), b({momentum}, {.lr = 0.5, .momentum = 0.5});
  SGD c({nesterov}, {.lr = 0.5, .momentum = 0.5, .nesterov = true});
  SGD d({damped}, {.lr = 0.5, .momentum = 0.5, .dampening = 0.25});
  SGD e({decayed}, {.lr = 0.5, .weight_decay = 0.25});
  for (const Tensor& w : {plain, momentum, nesterov, damped, decayed}) set_gradient(w, {1});
  for (int i = 0; i < 2; ++i) {
    for (Optimizer* optimizer :
         {static_cast<Optimizer*>(&a), static_cast<Optimizer*>(&b), static_cast<Optimizer*>(&c),
          static_cast<Optimizer*>(&d), static_cast<Optimizer*>(&e)}) {
      optimizer->step();
    }
  }
  CHECK(plain.item() == Approx(1 - 0.5 - 0.5));
  CHECK(momentum.item() == Approx(1 - 0.5 * 1 - 0.5 * 1.5));
  CHECK(nesterov.item() == Approx(1 - 0.5 * (1 + 0.5 * 1) - 0.5 * (1 + 0.5 * 1.5)));
  CHECK(damped.item() == Approx(1 - 0.5 * 1 - 0.5 * (0.5 + 0.75)));
  CHECK(decayed.item() == Approx(0.375 - 0.5 * (1 + 0.25 * 0.375)));
}

TEST_CASE("Adam and AdamW take the steps of their formulas") {
  const double g[2] = {0.5, -2}, lr = 0.1, b1 = 0.9, b2 = 0.99, eps = 1e-3, decay = 0.5;
  for (const bool decoupled : {false, true}) {
    const Tensor w = weights({1});
    double expected = 1, m = 0, v = 0;
    Adam adam({w}, {lr, b1, b2, eps, decay});
    AdamW adam_w({w}, {lr, b1, b2, eps, decay});
    for (int t = 1; t <= 2; ++t) {
      set_gradient(w, {g[t - 1]});
      decoupled ? adam_w.step() : adam.step();
      const double slope = g[t - 1] + (decoupled ? 0 : decay * expected);
      if (decoupled) expected *= 1 - lr * decay;
      m = b1 * m + (1 - b1) * slope;
      v = b2 * v + (1 - b2) * slope * slope;
      expected -= lr * (m / (1 - std::pow(b1, t))) / (std::sqrt(v / (1 - std::pow(b2, t))) + eps);
      CHECK(w.item() == Approx(expected).epsilon(1e-13));
    }
  }
}

TEST_CASE("every optimiser fits a linear map") {
  manual_seed(1);
  const Tensor x = Tensor::randn({97, 3});
  const Linear teacher(3, 2);
  const Tensor y = teacher(x).detach();
  const auto fit = [&](auto make) {
    Linear layer(3, 2);
    auto optimizer = make(parameters(layer));
    for (int step = 0; step < 300; ++step) {
      optimizer.zero_grad();
      mean(square(layer(x) - y)).backward();
      optimizer.step();
    }
    return mean(square(layer(x) - y)).item();
  };
  using Parameters = std::vector<Tensor>;
  CHECK(fit([](Parameters p) { return SGD(p, {.lr = 0.1, .momentum = 0.9}); }) < 1e-8);
  CHECK(fit([](Parameters p) { return Adam(p, {.lr = 0.05}); }) < 1e-6);
  CHECK(fit([](Parameters p) { return AdamW(p, {.lr = 0.05, .weight_decay = 0}); }) < 1e-6);
  CHECK(fit([](Parameters p) { return Adadelta(p, {.eps = 1e-4}); }) < 1e-4);
}

TEST_CASE("a step changes numbers in place, raises the version, and zero_grad drops gradients") {
  const Tensor w = weights({1, 2});
  const Array before = w.array();
  Adam optimizer({w});
  set_gradient(w, {1, 1});
  const uint32_t version = w.array().version();
  optimizer.step();
  CHECK(before.shares_storage_with(w.array()));
  CHECK(w.array().version() == version + 1);
  optimizer.zero_grad();
  CHECK(!w.grad().defined());
}

TEST_CASE("a learning rate alone stands behind the parameters, and braces mean none") {
  const Tensor w = weights({1, 2});
  CHECK(SGD({w}, 0.1).learning_rate() == 0.1);
  CHECK(SGD({w}, 1).learning_rate() == 1);
  CHECK(Adam({w}, 2e-3).learning_rate() == 2e-3);
  CHECK(AdamW({w}, 2e-3f).learning_rate() == Approx(2e-3));
  CHECK(Adadelta({w}, 0.5).learning_rate() == 0.5);
  CHECK(Adam(std::vector<Tensor>{w}, {}).learning_rate() == 1e-3);
}

TEST_CASE("a backward pass after the step that changed its weights is an error") {
  Linear layer(3, 2);
  SGD optimizer(parameters(layer), {.lr = 0.1});
  Tensor x = Tensor::ones({5, 3});
  const Tensor loss = sum(layer(x.set_requires_grad()));
  loss.backward({.retain = true});
  optimizer.step();
  CHECK_THROWS_AS(loss.backward(), GraphError);
}

TEST_CASE("parameters without gradient and frozen ones stay, and their step does not count") {
  const Tensor moved = weights({1}), unreached = weights({1});
  Tensor frozen = weights({1});
  AdamW optimizer({moved, unreached, frozen}, {.lr = 0.1});
  set_gradient(moved, {1});
  set_gradient(frozen, {1});
  frozen.set_requires_grad(false);
  optimizer.step();
  optimizer.zero_grad();
  CHECK(moved.item() != 1);
  CHECK(unreached.item() == 1);
  CHECK(frozen.item() == 1);
  CHECK(optimizer.state().size() == 3);
}

TEST_CASE("groups have their own learning rate and decay, and keep the ratio under a schedule") {
  const Tensor a = weights({1}), b = weights({1}), c = weights({1});
  SGD optimizer({{.parameters = {a}},
                 {.parameters = {b}, .lr = 0.01},
                 {.parameters = {c}, .weight_decay = 1}},
                {.lr = 0.1});
  const auto step = [&] {
    for (const Tensor& w : {a, b, c}) set_gradient(w, {1});
    optimizer.step();
  };
  step();
  CHECK(a.item() == Approx(0.9));
  CHECK(b.item() == Approx(0.99));
  CHECK(c.item() == Approx(0.8));
  optimizer.set_learning_rate(0.2);
  CHECK(optimizer.learning_rate() == 0.2);
  step();
  CHECK(a.item() == Approx(0.7));
  CHECK(b.item() == Approx(0.97));
}

TEST_CASE("a saved state continues with the same bits") {
  using Parameters = std::vector<Tensor>;
  check_continuation([](Parameters p) { return Adam(p, {.lr = 0.05}); });
  check_continuation([](Parameters p) { return AdamW(p, {.lr = 0.05}); });
  check_continuation([](Parameters p) { return SGD(p, {.lr = 0.05, .momentum = 0.9}); });
  check_continuation([](Parameters p) { return SGD(p, {.lr = 0.05}); });
  check_continuation([](Parameters p) { return Adadelta(p); });
}

TEST_CASE("loading a state lists all that differs, and changes nothing") {
  const Tensor a = weights({1, 2}), b = weights({1, 2, 3});
  Adam optimizer({a, b});
  set_gradient(a, {1, 1});
  set_gradient(b, {1, 1, 1});
  optimizer.step();
  const auto good = copied(optimizer.state());
  auto bad = good;
  bad[0].tensor = Tensor::scalar(1.5, float64);
  bad[1].tensor = Tensor::zeros({3}, float64);
  bad[2].tensor = bad[2].tensor.to(float32);
  bad[4].name = "1.exp_average";
  bad.push_back({"2.step", Tensor::scalar(1, float64)});
  std::string message;
  try {
    optimizer.load_state(bad);
  } catch (const FormatError& error) {
    message = error.what();
  }
  CHECK_THAT(message, Contains("0.step is 1.5"));
  CHECK_THAT(message, Contains("0.exp_avg is float64 [3], expected float64 [2]"));
  CHECK_THAT(message, Contains("0.exp_avg_sq is float32 [2], expected float64 [2]"));
  CHECK_THAT(message, Contains("missing: 1.exp_avg;"));
  CHECK_THAT(message, Contains("unexpected: 1.exp_average, 2.step;"));
  const auto now = optimizer.state();
  REQUIRE(now.size() == good.size());
  for (std::size_t i = 0; i < good.size(); ++i) {
    CHECK(now[i].tensor.to_vector<double>() == good[i].tensor.to_vector<double>());
  }
}

TEST_CASE(
    "the state of another optimizer is refused by what it keeps, and a check changes nothing") {
  const Tensor w = weights({1, 2});
  set_gradient(w, {1, 1});
  Adam adam({w});
  adam.step();
  SGD plain({w}, {.lr = 0.1}), momentum({w}, {.lr = 0.1, .momentum = 0.9});
  CHECK_THROWS_WITH(momentum.load_state(adam.state()),
                    "optimizer: the state is of another optimizer: of each parameter it keeps "
                    "exp_avg, exp_avg_sq, this one momentum_buffer");
  CHECK_THROWS_WITH(plain.check_state(adam.state()), Contains("this one nothing"));
  plain.step();
  CHECK_THROWS_WITH(adam.load_state(plain.state()), Contains("it keeps nothing, this one exp_avg"));
  AdamW decoupled({w});
  decoupled.check_state(adam.state());
  CHECK(decoupled.state().empty());
  decoupled.load_state(adam.state());
  CHECK(decoupled.state().size() == 3);
}

TEST_CASE("options and parameters that make no sense are refused") {
  const Tensor w = weights({1});
  CHECK_THROWS_AS(SGD({w}, {.lr = -1}), ConfigError);
  CHECK_THROWS_AS(SGD({w}, {.lr = NAN}), ConfigError);
  CHECK_THROWS_AS(SGD({w}, {.lr = 0.1, .nesterov = true}), ConfigError);
  CHECK_THROWS_AS(Adam({w}, {.beta2 = 1}), ConfigError);
  for (const double bad : {-0.1, 1.0, static_cast<double>(NAN)}) {
    CHECK_THROWS_AS(Adadelta({w}, {.rho = bad}), ConfigError);
  }
  CHECK_THROWS_AS(Adadelta({w}, {.eps = 0}), ConfigError);
  CHECK_THROWS_WITH(Adam({w, w}), Contains("parameter 1 [1] is listed twice"));
  CHECK_THROWS_AS(Adam({w * 2.0}), ConfigError);
  CHECK_THROWS_AS(Adam({Tensor::zeros({3}, int32)}), ConfigError);
  CHECK_THROWS_AS(Adam({{.parameters = {w}, .lr = 1}}, {.lr = 0}), ConfigError);
}
