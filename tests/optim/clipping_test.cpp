#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../optim/clipping.hpp"

using namespace heed;

namespace {

Tensor with_gradient(std::initializer_list<double> gradient) {
  const Shape shape{static_cast<int64_t>(gradient.size())};
  Tensor tensor = Tensor::zeros(shape);
  tensor.set_requires_grad().set_grad(Tensor::of(gradient, shape).array());
  return tensor;
}

}  // namespace

TEST_CASE("clipping scales all gradients to a common norm and returns the norm before") {
  const Tensor a = with_gradient({3, 0}), b = with_gradient({0, 0, 4});
  Tensor without = Tensor::zeros({2});
  without.set_requires_grad();
  CHECK(clip_grad_norm({a, without, b}, 1) == Approx(5));
  CHECK(a.grad().at({0}) == Approx(0.6));
  CHECK(b.grad().at({2}) == Approx(0.8));
  CHECK(grad_norm({a, b}) == Approx(1));
  CHECK(clip_grad_norm({a, b}, 2) == Approx(1));
  CHECK(b.grad().at({2}) == Approx(0.8));
}

TEST_CASE("the norm is summed in double") {
  const Tensor a = with_gradient({1e30, 1e30});
  CHECK(grad_norm({a}) == Approx(std::sqrt(2.0) * 1e30));
}

TEST_CASE("a norm that is not finite is returned, and nothing is scaled") {
  for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
    const Tensor a = with_gradient({bad, 3}), b = with_gradient({4});
    CHECK(!std::isfinite(clip_grad_norm({a, b}, 1)));
    CHECK(b.grad().item() == 4);
  }
}

TEST_CASE("two parameters that share one gradient's memory are each scaled once") {
  const Tensor a = with_gradient({3, 3}), b = with_gradient({0, 0});
  b.set_grad(a.grad_array());
  CHECK(clip_grad_norm({a, b}, 3) == Approx(6));
  CHECK(a.grad().at({0}) == Approx(1.5));
  CHECK(b.grad().at({0}) == Approx(1.5));
}

TEST_CASE("clipping by value limits each element of each gradient") {
  const Tensor a = with_gradient({3, -0.25, NAN}), b = with_gradient({-INFINITY});
  Tensor without = Tensor::zeros({2});
  without.set_requires_grad();
  clip_grad_value({a, without, b}, 0.5);
  CHECK(a.grad().at({0}) == 0.5);
  CHECK(a.grad().at({1}) == -0.25);
  CHECK(std::isnan(a.grad().at({2})));
  CHECK(b.grad().item() == -0.5);
  CHECK(!without.grad().defined());
}

TEST_CASE("a negative limit is refused") {
  CHECK_THROWS_AS(clip_grad_value({}, -1), ConfigError);
  CHECK_THROWS_AS(clip_grad_value({}, NAN), ConfigError);
  CHECK_THROWS_AS(clip_grad_norm({}, -1), ConfigError);
  CHECK_THROWS_AS(clip_grad_norm({}, NAN), ConfigError);
}
