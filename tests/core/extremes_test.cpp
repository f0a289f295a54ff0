// Limits, products, smallest elements and questions over axes at their edges, and what they refuse.
#include <catch2/catch.hpp>
#include <cmath>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using Catch::Contains;
using namespace heed;
using Values = std::vector<float>;

namespace {
Values values(const Tensor& x) { return x.to_vector<float>(); }
Tensor leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(); }
}  // namespace

TEST_CASE("a factor of 0 leaves the others' product as its gradient") {
  const Tensor x = leaf(Tensor::of({2, 0, 3, 0, 5, 0, 7, 2, 1}, {3, 3}));
  const Tensor y = prod(x, {1});
  CHECK(values(y) == Values{0, 0, 14});
  y.backward(Tensor::of({1, 1, 2}, {3}));
  CHECK(values(x.grad()) == Values{0, 6, 0, 0, 0, 0, 4, 14, 28});
  CHECK(prod(Tensor::ones({0})).item() == 1);
}

TEST_CASE("the gradient of a deviation of 0 is 0") {
  const Tensor x = leaf(Tensor::full({2, 3}, 7));
  const Tensor y = heed::std(x, {1});
  CHECK(values(y) == Values{0, 0});
  sum(y).backward();
  CHECK(values(x.grad()) == Values(6, 0.0f));
}

TEST_CASE("any and all take every element type, and nothing is all and not any") {
  const Tensor x = Tensor::of({0, 0, 0, 3, 2, 1}, {3, 2});
  for (const DType dtype : {float32, float64, int32, boolean}) {
    CHECK(any(x.to(dtype), {1}).to_vector<bool>() == std::vector<bool>{false, true, true});
    CHECK(all(x.to(dtype), {1}).to_vector<bool>() == std::vector<bool>{false, false, true});
    CHECK(any(x.to(dtype), {0, 1}, true).shape() == Shape{1, 1});
  }
  CHECK(any(Tensor::zeros({2, 0}), {1}).to_vector<bool>() == std::vector<bool>{false, false});
  CHECK(all(Tensor::zeros({2, 0}), {1}).to_vector<bool>() == std::vector<bool>{true, true});
  CHECK(any(Tensor::full({1}, std::nan(""))).item() == 1);
  CHECK_THROWS_AS(any(x, {2}), IndexError);
  CHECK_THROWS_AS(all(x, {0, -2}), ShapeError);
}

TEST_CASE("the smallest of nothing does not exist") {
  CHECK_THROWS_WITH(min(Tensor::ones({2, 0}), {1}), "min: no element to choose from in [2, 0]");
  CHECK_THROWS_WITH(argmin(Tensor::ones({2, 0}), 1), "argmin: no element to choose from in [2, 0]");
  CHECK_THROWS_AS(argmin(Tensor::zeros({2}, boolean), 0), TypeError);
}

TEST_CASE("limits that are tensors broadcast, and their element type is promoted") {
  const Tensor x = Tensor::of({-3, 0, 3}, {3}), low = Tensor::of({-1, 1}, {2, 1});
  CHECK(values(clamp(x, low, {})) == Values{-1, 0, 3, 1, 1, 3});
  CHECK(clamp(x.to(int32), {}, Tensor::scalar(1, int32)).to_vector<int32_t>() ==
        std::vector<int32_t>{-3, 0, 1});
  CHECK_THROWS_WITH(clamp(x, {}, Tensor()), Contains("needs a lower or an upper limit"));
  CHECK(clamp(x, low.to(float64), {}).dtype() == float64);
  CHECK_THROWS_AS(clamp(eq(x, x), {}, eq(x, x)), TypeError);
  CHECK_THROWS_AS(clamp(x, Tensor::ones({2}), Tensor::ones({3})), ShapeError);
}

TEST_CASE("softplus neither overflows nor loses its tail where the threshold is far") {
  const Tensor x = Tensor::of({-1000, -50, 0, 1000}, {4}, float64);
  const std::vector<double> y = softplus(x, 1, INFINITY).to_vector<double>();
  CHECK(y[0] == 0);
  CHECK(y[1] == Approx(std::exp(-50.0)).epsilon(1e-14).margin(0));
  CHECK((y[2] == Approx(std::log(2.0)) && y[3] == 1000));
  CHECK_THROWS_AS(softplus(x.to(int32)), TypeError);
  CHECK_THROWS_AS(leaky_relu(x.to(int32)), TypeError);
}

TEST_CASE("isnan and isfinite take every element type") {
  const Tensor x = Tensor::of({0, INFINITY, -INFINITY, NAN, 3e38}, {5});
  CHECK(isnan(x).to_vector<bool>() == std::vector<bool>{false, false, false, true, false});
  CHECK(isfinite(x).to_vector<bool>() == std::vector<bool>{true, false, false, false, true});
  CHECK(all(isfinite(Tensor::zeros({3}, int32))).item() == 1);
  CHECK(any(isnan(Tensor::zeros({3}, boolean))).item() == 0);
}

TEST_CASE("equal elements have no deviation and no gradient of it whatever their mean rounds to") {
  for (const DType type : {float32, float64}) {
    for (const int64_t n : {3, 7, 1000}) {
      for (const double value : {0.1, 1.0 / 3, 1e-30, 12345.678}) {
        const Tensor x = Tensor::full({n}, value, type).set_requires_grad();
        const Tensor y = heed::std(x);
        CHECK(y.item() == 0);
        CHECK(max(abs(grad({y}, {x})[0])).item() == 0);
      }
    }
  }
}
