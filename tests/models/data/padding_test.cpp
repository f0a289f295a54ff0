#include "../../../models/data/padding.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"
#include "../../../core/operations.hpp"

using namespace heed;
using Catch::Matchers::Contains;
using Ids = std::vector<int32_t>;
using Kept = std::vector<bool>;

TEST_CASE("sequences are padded to the longest and the mask keeps what is real") {
  const auto [ids, keep] = pad_sequence({{4, 5, 6}, {}, {7}});
  CHECK(ids.shape() == Shape{3, 3});
  CHECK(ids.dtype() == int32);
  CHECK(ids.to_vector<int32_t>() == Ids{4, 5, 6, 0, 0, 0, 7, 0, 0});
  CHECK(keep.to_vector<bool>() == Kept{1, 1, 1, 0, 0, 0, 1, 0, 0});
  CHECK(pad_sequence({{4}, {5, 6}}, 9).values.to_vector<int32_t>() == Ids{4, 9, 5, 6});
}

TEST_CASE("no sequences and empty ones give masks of that size") {
  CHECK(pad_sequence(std::vector<Ids>{}).values.shape() == Shape{0, 0});
  CHECK(pad_sequence(std::vector<Ids>{{}, {}}).keep.shape() == Shape{2, 0});
}

TEST_CASE("tensors are padded along their first axis and pass their gradients") {
  Tensor a = Tensor::of({1, 2, 3, 4}, {2, 2}, float64), b = Tensor::of({5, 6}, {1, 2}, float64);
  a.set_requires_grad();
  b.set_requires_grad();
  const auto [values, keep] = pad_sequence({a, b}, -1);
  CHECK(values.to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6, -1, -1});
  CHECK(keep.to_vector<bool>() == Kept{1, 1, 1, 0});
  sum(values * 3.0).backward();
  CHECK(a.grad().to_vector<double>() == std::vector<double>{3, 3, 3, 3});
  CHECK(b.grad().to_vector<double>() == std::vector<double>{3, 3});
}

TEST_CASE("tensors that do not fit side by side are refused") {
  const Tensor a = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH(pad_sequence({a, Tensor::zeros({2, 4})}),
                    Contains("differ in T alone, not [2, 3] and [2, 4]"));
  CHECK_THROWS_AS(pad_sequence({a, Tensor::zeros({2})}), ShapeError);
  CHECK_THROWS_AS(pad_sequence({Tensor::scalar(1)}), ShapeError);
  CHECK_THROWS_AS(pad_sequence(std::vector<Tensor>{}), ShapeError);
  CHECK_THROWS_AS(pad_sequence({a, Tensor::zeros({2, 3}, float64)}), TypeError);
}
