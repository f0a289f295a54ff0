// The makers of tensors: from vectors, like others, in steps, and drawn.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using namespace heed;

namespace {

using Ids = std::vector<int32_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

}  // namespace

TEST_CASE("a tensor like another has its shape and element type unless told") {
  const Tensor x = transpose(Tensor::ones({2, 3}, int32), 0, 1);
  CHECK(zeros_like(x).to_vector<int32_t>() == Ids(6, 0));
  CHECK(zeros_like(x).shape() == Shape{3, 2});
  CHECK(ones_like(x, float64).to_vector<double>() == Doubles(6, 1));
  CHECK(full_like(x, 7).to_vector<int32_t>() == Ids(6, 7));
  CHECK(empty_like(x, boolean).dtype() == boolean);
  CHECK(empty_like(x).shape() == Shape{3, 2});
  CHECK_THROWS_WITH(full_like(x, 0.5), Catch::Contains("0.5 is no int32"));
  CHECK_THROWS_AS(rand_like(x), TypeError);
  manual_seed(4);
  const Tensor uniform = rand_like(x, float64), normal = randn_like(uniform);
  manual_seed(4);
  CHECK(uniform.to_vector<double>() == Tensor::rand({3, 2}, float64).to_vector<double>());
  CHECK(normal.to_vector<double>() == Tensor::randn({3, 2}, float64).to_vector<double>());
  Tensor leaf = Tensor::ones({2}).set_requires_grad();
  CHECK_FALSE(zeros_like(leaf * 2.0).requires_grad());
}

TEST_CASE("arange goes in steps, whole or not, up or down") {
  CHECK(Tensor::arange(2, 5, int32).to_vector<int32_t>() == Ids{2, 3, 4});
  CHECK(Tensor::arange(5, -1, -2, int32).to_vector<int32_t>() == Ids{5, 3, 1});
  CHECK(Tensor::arange(0, 1, 0.25).to_vector<float>() == Floats{0, 0.25, 0.5, 0.75});
  CHECK(Tensor::arange(0, 1.01, 0.25).numel() == 5);
  CHECK(Tensor::arange(3, 3).shape() == Shape{0});
  CHECK(Tensor::arange(4, int32).to_vector<int32_t>() == Ids{0, 1, 2, 3});
  CHECK_THROWS_WITH(Tensor::arange(0, 5, -1), "arange: steps of -1 do not lead from 0 to 5");
  CHECK_THROWS_AS(Tensor::arange(0, 5, 0), ConfigError);
  CHECK_THROWS_AS(Tensor::arange(0, INFINITY), ConfigError);
  CHECK_THROWS_AS(Tensor::arange(0, 5, NAN), ConfigError);
  CHECK_THROWS_WITH(Tensor::arange(0, 5, 0.5, int32), Catch::Contains("0.5 is no int32"));
  CHECK_THROWS_AS(Tensor::arange(2e9, 3e9, 1e8, int32), TypeError);
}

TEST_CASE("linspace has both ends and equal distances") {
  CHECK(Tensor::linspace(1, 3, 5).to_vector<float>() == Floats{1, 1.5, 2, 2.5, 3});
  CHECK(Tensor::linspace(3, -1, 3, float64).to_vector<double>() == Doubles{3, 1, -1});
  CHECK(Tensor::linspace(0.1, 0.7, 7, float64).at({6}) == 0.7);
  CHECK(Tensor::linspace(2, 9, 1).to_vector<float>() == Floats{2});
  CHECK(Tensor::linspace(2, 9, 0).shape() == Shape{0});
  CHECK_THROWS_AS(Tensor::linspace(0, 1, -1), ConfigError);
  CHECK_THROWS_AS(Tensor::linspace(0, 1, 3, int32), TypeError);
}

TEST_CASE("randint draws each number of its range as often, the ends of int32 as well") {
  manual_seed(5);
  const Ids drawn = Tensor::randint(-2, 3, {1000, 10}).to_vector<int32_t>();
  for (int32_t number = -2; number < 3; ++number) {
    const auto count = std::count(drawn.begin(), drawn.end(), number);
    CHECK(std::abs(count - 2000) < 200);  // 5 standard deviations
  }
  CHECK(*std::min_element(drawn.begin(), drawn.end()) == -2);
  CHECK(*std::max_element(drawn.begin(), drawn.end()) == 2);
  manual_seed(5);
  CHECK(Tensor::randint(-2, 3, {1000, 10}).to_vector<int32_t>() == drawn);
  CHECK(Tensor::randint(1, {4}).to_vector<int32_t>() == Ids(4, 0));
  const Tensor wide = Tensor::randint(INT32_MIN, int64_t{INT32_MAX} + 1, {100});
  CHECK(wide.dtype() == int32);
  CHECK(std::set<int32_t>(wide.array().data<int32_t>(), wide.array().data<int32_t>() + 100).size() >
        98);
  CHECK(Tensor::randint(0, 5, {2, 0}).shape() == Shape{2, 0});
  CHECK_THROWS_WITH(Tensor::randint(5, 5, {2}), Catch::Contains("low must be below high"));
  CHECK_THROWS_AS(Tensor::randint(0, int64_t{INT32_MAX} + 2, {2}), ConfigError);
  CHECK_THROWS_AS(Tensor::randint(int64_t{INT32_MIN} - 1, 0, {2}), ConfigError);
}

TEST_CASE("randperm has each number once, in every order") {
  manual_seed(6);
  Ids order = Tensor::randperm(100).to_vector<int32_t>();
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  CHECK(order == Tensor::arange(100, int32).to_vector<int32_t>());
  std::set<Ids> orders;
  for (int i = 0; i < 100; ++i) orders.insert(Tensor::randperm(3).to_vector<int32_t>());
  CHECK(orders.size() == 6);
  CHECK(Tensor::randperm(0).shape() == Shape{0});
  CHECK_THROWS_AS(Tensor::randperm(-1), ConfigError);
}

TEST_CASE("whole numbers of 64 bits become int32, and what does not fit is named") {
  const std::vector<int64_t> ids{3, INT32_MAX, INT32_MIN, -1};
  const Tensor x = Tensor::from(ids, {2, 2});
  CHECK(x.dtype() == int32);
  CHECK(x.to_vector<int32_t>() == Ids{3, INT32_MAX, INT32_MIN, -1});
  CHECK(Tensor::from(std::vector<long long>{7}, {1}).dtype() == int32);
  CHECK_THROWS_WITH(Tensor::from(std::vector<int64_t>{1, 2, 3000000000}, {3}),
                    "from: value 3000000000 at position 2 does not fit int32, whose numbers are "
                    "-2147483648 to 2147483647");
  CHECK_THROWS_AS(Tensor::from(std::vector<int64_t>{int64_t{INT32_MIN} - 1}, {1}), TypeError);
  CHECK_THROWS_AS(Tensor::from(ids, {3}), ShapeError);
}

TEST_CASE("a vector of other elements is no source of a tensor") {
  STATIC_REQUIRE(is_element<float>);
  STATIC_REQUIRE(is_long<int64_t>);
  STATIC_REQUIRE_FALSE((is_element<uint8_t> || is_long<uint8_t>));
  STATIC_REQUIRE_FALSE((is_element<std::size_t> || is_long<std::size_t>));
  STATIC_REQUIRE_FALSE((is_element<std::string> || is_long<std::string>));
}

TEST_CASE("a maker refuses numbers that the element type asked for has not") {
  CHECK_THROWS_WITH(Tensor::of({1, 2.7}, {2}, int32),
                    "of: 2.7 is no int32; ask for elements of float32");
  CHECK_THROWS_WITH(Tensor::of({3e9}, {1}, int32), Catch::Contains("elements of float64"));
  CHECK_THROWS_AS(Tensor::of({NAN}, {1}, int32), TypeError);
  CHECK_THROWS_WITH(Tensor::of({2}, {1}, boolean), "of: 2 is no bool; ask for elements of int32");
  CHECK_THROWS_AS(Tensor::of({2.7}, {1}, boolean), TypeError);
  CHECK_THROWS_WITH(Tensor::scalar(0.5, int32), Catch::Contains("scalar: 0.5 is no int32"));
  CHECK_THROWS_WITH(Tensor::full({2}, 2, boolean), Catch::Contains("full: 2 is no bool"));
  CHECK_THROWS_WITH(Tensor::arange(3000000000, int32), Catch::Contains("is no int32"));
  CHECK_THROWS_WITH(Tensor::arange(3, boolean), "arange: 2 is no bool; ask for elements of int32");
  CHECK(Tensor::arange(2, boolean).to_vector<bool>() == std::vector<bool>{false, true});
  CHECK(Tensor::arange(0, boolean).shape() == Shape{0});
  CHECK(Tensor::of({1, -2}, {2}, int32).to_vector<int32_t>() == Ids{1, -2});
}

TEST_CASE("a conversion to int32 cuts and what does not fit becomes the least number") {
  const std::vector<double> values{2.7, -2.7, NAN, INFINITY, -INFINITY, 3e9, -3e9, 2147483647};
  const Ids wanted{2, -2, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MAX};
  const Tensor x = Tensor::from(values);
  CHECK(x.to(int32).to_vector<int32_t>() == wanted);
  Tensor into = zeros_like(x, int32);
  CHECK(into.copy_(x).to_vector<int32_t>() == wanted);
  const Tensor many = expand(unsqueeze(x, 1), {8, 100});
  CHECK(max(many.to(int32), 1).to_vector<int32_t>() == wanted);
  const Ids single = x.to(float32).to(int32).to_vector<int32_t>();
  CHECK(Ids(single.begin(), single.end() - 1) == Ids(wanted.begin(), wanted.end() - 1));
  CHECK(single.back() == INT32_MIN);  // 2147483647 is 2^31 in float32
}
