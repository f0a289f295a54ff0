#include <catch2/catch.hpp>

#include "../../core/array.hpp"
#include "../../core/error.hpp"
#include "../../core/tensor.hpp"

using namespace heed;
using Values = std::vector<float>;

TEST_CASE("views share memory and show the right elements") {
  const Array x = Array::arange(24).reshape({2, 3, 4});
  CHECK(x.transpose(0, 2).at({3, 1, 0}) == x.at({0, 1, 3}));
  CHECK(x.permute({2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(x.select(1, -1).to_vector<float>() == Values{8, 9, 10, 11, 20, 21, 22, 23});
  CHECK(x.slice(2, 1, 4, 2).to_vector<float>() ==
        Values{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23});
  CHECK(x.slice(0, -1, 99).shape() == Shape{1, 3, 4});
  CHECK(x.slice(0, 2, 1).numel() == 0);
  for (const Array& view : {x.transpose(0, 1), x.slice(1, 0, 1), x.select(0, 1), x.reshape({-1}),
                            x.expand({5, 2, 3, 4}), x.unsqueeze(1)}) {
    CHECK(view.shares_storage_with(x));
  }
}

TEST_CASE("reshape is a view wherever strides can express it and right where they cannot") {
  const Array x = Array::arange(60).reshape({3, 4, 5});
  CHECK(x.slice(0, 1, 3).reshape({2, 20}).shares_storage_with(x));
  CHECK(x.slice(1, 0, 2).reshape({3, 2, 5, 1}).shares_storage_with(x));
  CHECK(x.slice(1, 0, 2).reshape({3, 10}).shares_storage_with(x));
  CHECK(x.transpose(0, 1).reshape({4, 3, 5, 1}).shares_storage_with(x));
  const Array copied = x.transpose(0, 2).reshape({5, 12});
  CHECK_FALSE(copied.shares_storage_with(x));
  CHECK(copied.to_vector<float>() == x.transpose(0, 2).to_vector<float>());
  const Array column = Array::arange(6).reshape({6, 1}).expand({6, 4});
  CHECK(column.reshape({24}).to_vector<float>() == column.to_vector<float>());
  CHECK(column.reshape({2, 3, 4}).to_vector<float>() == column.to_vector<float>());
}

TEST_CASE("reshape, expand, permute and squeeze refuse what does not fit and say both shapes") {
  const Array x = Array::zeros({2, 3});
  CHECK_THROWS_WITH(x.reshape({4}), Catch::Contains("[2, 3]") && Catch::Contains("[4]"));
  CHECK_THROWS_AS(x.reshape({-1, -1}), ShapeError);
  CHECK_THROWS_AS(x.reshape({-1, 4}), ShapeError);
  CHECK_THROWS_WITH(x.expand({3, 3}), Catch::Contains("[2, 3]") && Catch::Contains("[3, 3]"));
  CHECK_THROWS_AS(x.permute({0, 0}), ShapeError);
  CHECK_THROWS_AS(x.permute({0}), ShapeError);
  CHECK_THROWS_AS(x.squeeze(0), ShapeError);
  CHECK_THROWS_AS(x.select(0, 2), IndexError);
  CHECK_THROWS_AS(x.select(2, 0), IndexError);
  CHECK_THROWS_AS(x.slice(0, 0, 1, 0), ShapeError);
}

TEST_CASE("element counts that overflow, negative sizes and too many axes are shape errors") {
  const int64_t huge = int64_t{1} << 40;
  CHECK_THROWS_AS(Array::empty({huge, huge}), ShapeError);
  CHECK_THROWS_AS(Array::empty({huge, huge, 0}), ShapeError);
  CHECK_THROWS_AS(Array::empty({2, -1}), ShapeError);
  CHECK_THROWS_AS((Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), ShapeError);
  CHECK_THROWS_WITH(Array::empty({huge, 64}), Catch::Contains("out of memory"));
}

TEST_CASE("empty and scalar arrays are arrays") {
  CHECK(Array::zeros({0, 3}).to_vector<float>().empty());
  CHECK(Array::full({}, 4).item() == 4);
  CHECK(Array::zeros({0, 3}).reshape({3, 0}).shape() == Shape{3, 0});
  CHECK_THROWS_AS(Array::zeros({2}).item(), ShapeError);
  CHECK_FALSE(Array().defined());
}

TEST_CASE("a view keeps the memory alive and a clone has its own") {
  Array view;
  {
    const Array x = Array::arange(5);
    view = x.slice(0, 1, 3);
  }
  CHECK(view.to_vector<float>() == Values{1, 2});
  const Array copy = view.clone();
  CHECK_FALSE(copy.shares_storage_with(view));
}

TEST_CASE("element types convert and are checked") {
  const Array x = Array::from(std::vector<double>{-1.75, 0, 2.5}, {3});
  CHECK(x.to(int32).to_vector<int32_t>() == std::vector<int32_t>{-1, 0, 2});
  CHECK(x.to(boolean).to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK_THROWS_WITH(x.data<float>(), Catch::Contains("float64"));
  CHECK_THROWS_AS(Array::from(std::vector<float>{1, 2}, {3}), ShapeError);
}

TEST_CASE("tensors print values, element type and shape, long axes shortened") {
  CHECK(to_string(Tensor::of({1, 2.5, 3, 4}, {2, 2})) == "[[1, 2.5],\n [3, 4]] float32 [2, 2]");
  CHECK_THAT(to_string(Tensor::arange(100)), Catch::Contains("3, ..., 96"));
  CHECK(to_string(Tensor()) == "undefined");
}
