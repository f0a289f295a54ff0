#include "../../../models/config/training_recipe.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "../../../core/operations.hpp"

using namespace heed;

namespace {

/// How far a weight of 0 goes in two steps with the gradients 1 and 3, at a learning rate of 1.
double moved(const TrainingConfig& config) {
  Tensor weight = Tensor::zeros({1}, float64);
  weight.set_requires_grad();
  const auto optimizer = make_optimizer(config, {{"weight", weight}});
  for (const double gradient : {1.0, 3.0}) {
    optimizer->zero_grad();
    sum(weight * gradient).backward();
    optimizer->step();
  }
  return -weight.item();
}

/// Kingma and Ba 2015, algorithm 1.
double adam(double beta1, double beta2, double eps) {
  double m = 0, v = 0, total = 0;
  for (const int t : {1, 2}) {
    const double g = t == 1 ? 1 : 3;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    total += m / (1 - std::pow(beta1, t)) / (std::sqrt(v / (1 - std::pow(beta2, t))) + eps);
  }
  return total;
}

/// Zeiler 2012, algorithm 1.
double adadelta(double rho, double eps) {
  double v = 0, u = 0, total = 0;
  for (const double g : {1.0, 3.0}) {
    v = rho * v + (1 - rho) * g * g;
    const double change = std::sqrt(u + eps) / std::sqrt(v + eps) * g;
    u = rho * u + (1 - rho) * change * change;
    total += change;
  }
  return total;
}

}  // namespace

TEST_CASE("the keys of the optimisers reach their steps") {
  TrainingConfig config;
  config.learning_rate = 1;
  for (const OptimizerKind kind : {OptimizerKind::adam, OptimizerKind::adamw}) {
    config.optimizer = kind;
    CHECK(moved(config) == Approx(adam(0.9, 0.999, 1e-8)).epsilon(1e-12));
    TrainingConfig changed = config;
    changed.beta1 = 0.7;
    changed.beta2 = 0.6;
    CHECK(moved(changed) == Approx(adam(0.7, 0.6, 1e-8)).epsilon(1e-12));
    changed.epsilon = 0.25;
    CHECK(moved(changed) == Approx(adam(0.7, 0.6, 0.25)).epsilon(1e-12));
  }
  config.optimizer = OptimizerKind::adadelta;
  CHECK(moved(config) == Approx(adadelta(0.95, 1e-6)).epsilon(1e-12));
  config.rho = 0.5;
  config.epsilon = 0.25;
  CHECK(moved(config) == Approx(adadelta(0.5, 0.25)).epsilon(1e-12));
}
