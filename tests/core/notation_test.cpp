// How operations may be written: operators of comparison, one axis as a number, values alone.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "../../layers/norm.hpp"

using namespace heed;
using Bits = std::vector<bool>;

namespace {

Bits bits(const Tensor& x) { return x.to_vector<bool>(); }

template <class X, class A>
concept reduces_over = requires(X x, A axis) {
  sum(x, axis);
};
template <class X>
concept is_condition = requires(X x) {
  x == x ? 1 : 0;
};
static_assert(reduces_over<Tensor, int>);
static_assert(reduces_over<Tensor, int64_t>);
static_assert(!reduces_over<Tensor, bool>);
static_assert(!reduces_over<Tensor, double>);
static_assert(!is_condition<Tensor>);

}  // namespace

TEST_CASE("operators compare element by element, with numbers on either side") {
  const Tensor x = Tensor::of({1, 2, 3}), y = Tensor::of({3, 2, 1});
  CHECK(bits(x == y) == Bits{false, true, false});
  CHECK(bits(x != y) == Bits{true, false, true});
  CHECK(bits(x < y) == Bits{true, false, false});
  CHECK(bits(x <= y) == Bits{true, true, false});
  CHECK(bits(x > y) == Bits{false, false, true});
  CHECK(bits(x >= y) == Bits{false, true, true});
  CHECK(bits(x == 2) == bits(2 == x));
  CHECK(bits(x != 2) == bits(2 != x));
  CHECK(bits(x < 2.5) == bits(2.5 > x));
  CHECK(bits(x <= 2) == bits(2 >= x));
  CHECK(bits(x > 1.5) == bits(1.5 < x));
  CHECK(bits(x >= 3) == bits(3 <= x));
  CHECK(all(x == x).item() == 1);
}

TEST_CASE("masks combine by operators, which refuse numbers") {
  const Tensor x = Tensor::of({1, 2, 3});
  const Tensor small = x<3, large = x> 1;
  CHECK(bits(small & large) == Bits{false, true, false});
  CHECK(bits(small | large) == Bits{true, true, true});
  CHECK(bits(~small) == Bits{false, false, true});
  CHECK(bits(!small) == bits(~small));
  CHECK(bits(!(x - 1)) == Bits{true, false, false});
  CHECK(bits(logical_or(x - 1, small)) == Bits{true, true, true});
  CHECK_THROWS_WITH(x & small, Catch::Contains("a must be bool"));
  CHECK_THROWS_AS(small | x, TypeError);
  CHECK_THROWS_AS(~x.to(int32), TypeError);
}

TEST_CASE("one axis is a number, and a list is what it was") {
  const Tensor x = Tensor::arange(6).set_requires_grad(false);
  const Tensor matrix = reshape(x, {2, 3});
  CHECK(sum(matrix, 1).to_vector<float>() == std::vector<float>{3, 12});
  CHECK(sum(matrix, {1}).shape() == Shape{2});
  CHECK(sum(matrix, {}, true).shape() == Shape{1, 1});
  CHECK(mean(matrix, -1, true).shape() == Shape{2, 1});
  CHECK(max(matrix, 0).to_vector<float>() == std::vector<float>{3, 4, 5});
  CHECK(heed::std(matrix, 0).shape() == Shape{3});
  CHECK(norm(matrix, 1, 0).to_vector<float>() == std::vector<float>{3, 5, 7});
  CHECK(flip(x, 0).at({0}) == 5);
  CHECK(any(matrix > 4, std::size_t{1}).to_vector<bool>() == Bits{false, true});
  CHECK_THROWS_AS(sum(matrix, 2), IndexError);
}

TEST_CASE("values alone are a vector") {
  CHECK(Tensor::from(std::vector<int64_t>{4, 5}).shape() == Shape{2});
  CHECK(Tensor::from(std::vector<int64_t>{4, 5}).dtype() == int32);
  CHECK(Tensor::of({1, 2, 3}).shape() == Shape{3});
  CHECK(Tensor::from(std::vector<float>{}).shape() == Shape{0});
}

TEST_CASE("a norm without a weight takes braces for it, and sizes where there are some") {
  const Tensor x = Tensor::of({1, 3, 2, 6}, {2, 2}), bias = Tensor::of({1, 2});
  CHECK(all(layer_norm(x, {}, bias) == layer_norm(x, Shape{2}, {}, bias)).item() == 1);
  CHECK(all(layer_norm(x, {}) == layer_norm(x, 2)).item() == 1);
  CHECK(all(rms_norm(x, {}, 1e-3) == rms_norm(x, {2}, {}, 1e-3)).item() == 1);
  CHECK(layer_norm(x, {2, 2}).shape() == x.shape());
}
