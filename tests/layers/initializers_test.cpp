#include "../../layers/initializers.hpp"
#include "../../core/error.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/recurrent.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

double deviation(const Tensor& weight) {
  return std::sqrt(mean(square(weight.to(float64))).item());
}

/// Uniform in +-bound: inside, and with the deviation of a uniform distribution.
void check_uniform(const Tensor& weight, double bound) {
  CHECK(max(abs(weight)).item() <= bound);
  const double tolerance = 2 / std::sqrt(static_cast<double>(weight.numel()));
  CHECK(deviation(weight) == Approx(bound / std::sqrt(3.0)).epsilon(tolerance));
}

void check_orthonormal_rows(const Tensor& weight, double limit) {
  const Tensor gram = matmul(weight, transpose(weight, 0, 1));
  CHECK(difference(gram, Tensor::eye(weight.size(0), weight.dtype())) < limit);
}

}  // namespace

TEST_CASE("initialisers have the spread that their papers give") {
  manual_seed(1);
  const Tensor weight = Tensor::zeros({97, 53});
  init::xavier_uniform(weight);
  check_uniform(weight, std::sqrt(6.0 / 150));
  init::xavier_normal(weight, 2);
  CHECK(deviation(weight) == Approx(2 * std::sqrt(2.0 / 150)).epsilon(0.05));
  init::uniform_fan(weight, 53);
  check_uniform(weight, 1 / std::sqrt(53.0));
  init::normal(weight, 0.01);
  CHECK(deviation(weight) == Approx(0.01).epsilon(0.05));
  CHECK(std::abs(mean(weight).item()) < 0.001);
  init::constant(weight, 3);
  CHECK(difference(weight, Tensor::full({97, 53}, 3)) == 0);
}

TEST_CASE("Kaiming's initialisers have the spread of their fan and gain") {
  manual_seed(5);
  using init::Gain, init::Fan;
  const Tensor weight = Tensor::zeros({97, 53});
  init::kaiming_uniform(weight);
  check_uniform(weight, std::sqrt(2.0) * std::sqrt(3.0 / 53));
  init::kaiming_uniform(weight, std::sqrt(5.0));
  check_uniform(weight, 1 / std::sqrt(53.0));  // how torch.nn.Linear starts
  init::kaiming_uniform(weight, 0, Fan::out, Gain::tanh);
  check_uniform(weight, 5.0 / 3 * std::sqrt(3.0 / 97));
  init::kaiming_normal(weight);
  CHECK(deviation(weight) == Approx(std::sqrt(2.0 / 53)).epsilon(0.05));
  init::kaiming_normal(weight, 0, Fan::out, Gain::linear);
  CHECK(deviation(weight) == Approx(std::sqrt(1.0 / 97)).epsilon(0.05));
  const Tensor kernel = Tensor::zeros({31, 7, 11});
  init::kaiming_normal(kernel, 0, Fan::out, Gain::relu);
  CHECK(deviation(kernel) == Approx(std::sqrt(2.0 / (31 * 11))).epsilon(0.05));
  CHECK(init::calculate_gain(Gain::leaky_relu) == Approx(std::sqrt(2 / 1.0001)));
  CHECK(init::calculate_gain(Gain::sigmoid) == 1);
  CHECK_THROWS_AS(init::kaiming_normal(Tensor::zeros({5})), ShapeError);
}

TEST_CASE("a normal distribution has the mean that is asked for") {
  manual_seed(6);
  const Tensor weight = Tensor::zeros({97, 53}, float64);
  init::normal(weight, 3, 0.1);
  CHECK(mean(weight).item() == Approx(3).epsilon(0.002));
  CHECK(deviation(weight - 3) == Approx(0.1).epsilon(0.05));
}

TEST_CASE("a truncated normal distribution has its bounds, mean and deviation") {
  manual_seed(7);
  // Mean and deviation of the standard normal distribution between a and b.
  const auto moments = [](double a, double b) {
    const auto density = [](double z) { return std::exp(-z * z / 2) / std::sqrt(2 * M_PI); };
    const double sign = b < 0 ? -1 : 1;  // erfc is exact for positive numbers
    const double mass =
        sign * (std::erfc(sign * a / std::sqrt(2.0)) - std::erfc(sign * b / std::sqrt(2.0))) / 2;
    const double middle = (density(a) - density(b)) / mass;
    const double variance = 1 + (a * density(a) - b * density(b)) / mass - middle * middle;
    return std::pair(middle, std::sqrt(variance));
  };
  const auto check = [&](double middle, double spread, double low, double high) {
    const Tensor weight = Tensor::zeros({101, 97}, float64);
    init::trunc_normal(weight, middle, spread, low, high);
    INFO(low << ", " << high);
    CHECK(max(weight).item() <= high);
    CHECK(-max(-weight).item() >= low);
    const auto [m, d] = moments((low - middle) / spread, (high - middle) / spread);
    CHECK(std::abs(mean(weight).item() - (middle + spread * m)) < 4 * spread * d / 98);
    CHECK(deviation(weight - mean(weight)) == Approx(spread * d).epsilon(0.04));
  };
  check(0, 1, -2, 2);
  check(0, 0.02, -0.04, 0.04);
  check(0, 0.02, -2, 2);
  check(1, 2, -0.5, 7);
  check(0, 1, 3, 4);
  check(0, 1, -9, -7);
  check(0, 1, 6, 8);
  const Tensor half = Tensor::zeros({997});
  init::trunc_normal(half, 0, 1, 0, INFINITY);
  CHECK(-max(-half).item() >= 0);
  CHECK(max(half).item() < 9);
  CHECK_THROWS_AS(init::trunc_normal(half, 0, 1, 2, 2), ConfigError);
  CHECK_THROWS_AS(init::trunc_normal(half, 0, 0), ConfigError);
  CHECK_THROWS_AS(init::trunc_normal(half, 0, NAN), ConfigError);
  CHECK_THROWS_AS(init::trunc_normal(Tensor::zeros({3}, int32)), TypeError);
}

TEST_CASE("orthogonal matrices are, square, wide, tall and scaled") {
  manual_seed(2);
  for (const DType dtype : {float32, float64}) {
    const double limit = dtype == float32 ? 1e-6 : 1e-13;
    const Tensor square_one = Tensor::zeros({31, 31}, dtype);
    init::orthogonal(square_one);
    check_orthonormal_rows(square_one, limit);
    check_orthonormal_rows(transpose(square_one, 0, 1), limit);
    const Tensor wide = Tensor::zeros({7, 13}, dtype), tall = Tensor::zeros({13, 7}, dtype);
    init::orthogonal(wide);
    check_orthonormal_rows(wide, limit);
    init::orthogonal(tall, 3);
    check_orthonormal_rows(transpose(tall, 0, 1) * (1 / 3.0), limit);
  }
  CHECK_THROWS_AS(init::orthogonal(Tensor::zeros({5})), ShapeError);
  CHECK_THROWS_AS(init::xavier_uniform(Tensor::zeros({5})), ShapeError);
}

TEST_CASE("initialisers draw from the default generator and raise the version") {
  const Tensor a = Tensor::zeros({5, 3}), b = Tensor::zeros({5, 3});
  manual_seed(3);
  init::normal(a, 1);
  init::normal(b, 1);
  CHECK(difference(a, b) > 0);
  manual_seed(3);
  init::normal(b, 1);
  CHECK(difference(a, b) == 0);
  CHECK(a.array().version() == 1);
}

TEST_CASE("layers start as in PyTorch") {
  manual_seed(4);
  const Linear linear_layer(53, 97);
  check_uniform(linear_layer.weight, 1 / std::sqrt(53.0));
  check_uniform(linear_layer.bias, 1 / std::sqrt(53.0));
  const GRUCell cell({.input = 101, .hidden = 31});
  for (const Tensor& weight : parameters(cell)) check_uniform(weight, 1 / std::sqrt(31.0));
  CHECK(deviation(Embedding(97, 53).weight) == Approx(1).epsilon(0.05));
}
