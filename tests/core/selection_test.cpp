// What enlarges, selects, sorts and draws, beside the gradient table and the comparison.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "threads.hpp"

using namespace heed;

namespace {

using Ids = std::vector<int32_t>;
using Floats = std::vector<float>;

Tensor ids(std::initializer_list<double> values) {
  return Tensor::of(values, {static_cast<int64_t>(values.size())}, int32);
}

}  // namespace

TEST_CASE("a number in brackets after a tensor gives a view of its first axis") {
  const Tensor x = Tensor::arange(6);
  const Tensor rows = reshape(x, {3, 2});
  CHECK(rows[1].to_vector<float>() == Floats{2, 3});
  CHECK(rows[-1].shape() == Shape{2});
  CHECK(rows[2][0].item() == 4);
  CHECK(rows[0].array().shares_storage_with(x.array()));
  CHECK_THROWS_WITH(rows[3], Catch::Contains("index 3 is out of range for axis 0 of [3, 2]"));
  CHECK_THROWS_WITH(rows[0][0][0], Catch::Contains("[]: a scalar") && Catch::Contains("item()"));
  CHECK_THROWS_AS(Tensor::zeros({0, 2})[0], IndexError);
  const Tensor w = Tensor::ones({3, 2}).set_requires_grad();
  sum(w[0] * w[-1] + w[0]).backward();
  CHECK(w.grad().to_vector<float>() == Floats{2, 2, 0, 0, 1, 1});
}

TEST_CASE("repeat and pad make copies") {
  for (const Tensor& x :
       {Tensor::ones({1}), Tensor::ones({2, 1}), transpose(Tensor::ones({1, 2}), 0, 1),
        slice(Tensor::ones({4, 1}), 0, 0, 4, 2)}) {
    const Shape once = Shape::filled(x.rank(), 1), thrice = Shape::filled(x.rank() + 1, 3);
    for (Tensor y : {repeat(x, once), repeat(x, thrice), pad(x, {}), pad(x, {0, 0})}) {
      CHECK(y.array().is_contiguous());
      y += 1;  // refused where elements share a place
      CHECK(x[0].to_vector<float>() == Floats{1});
    }
  }
  CHECK_THROWS_WITH(repeat(Tensor::ones({2, 3}), {2}),
                    "repeat: needs a number of at least 0 for each axis of [2, 3], got [2]");
  CHECK_THROWS_AS(repeat(Tensor::ones({1 << 20}), {int64_t{1} << 50}), ShapeError);
  CHECK_THROWS_AS(repeat(Tensor::ones({0, 2}), {1, INT64_MAX}), ShapeError);
  CHECK_THROWS_WITH(pad(Tensor::ones({2}), {1}), Catch::Contains("pair"));
  CHECK_THROWS_WITH(pad(Tensor::ones({2}), {-3, 2}), Catch::Contains("fewer elements"));
  CHECK_THROWS_AS(pad(Tensor::ones({2}), {INT64_MIN, INT64_MAX}), ShapeError);
  CHECK_THROWS_AS(pad(Tensor::ones({2}, int32), {1, 1}, 0.5), TypeError);
  CHECK(pad(gt(Tensor::ones({1}), 0), {1, 0}, 1).to_vector<bool>() ==
        std::vector<bool>{true, true});
}

TEST_CASE("expand keeps a size that is -1, and says so where there is none") {
  CHECK(expand(Tensor::ones({3, 1}), {-1, 4}).shape() == Shape{3, 4});
  CHECK_THROWS_WITH(expand(Tensor::ones({3}), {-1, 3}), Catch::Contains("-1 keeps the size"));
}

TEST_CASE("index reads at several indices at once and adds gradients of repeated places") {
  const Tensor x = reshape(Tensor::arange(12, float64), {3, 4}).set_requires_grad();
  const Tensor y = index(x, {ids({0, 2, 0}), ids({-1, 1, 3})});
  CHECK(y.to_vector<double>() == std::vector<double>{3, 9, 3});
  y.backward(Tensor::of({1, 2, 4}, {3}, float64));
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0, 0, 0, 5, 0, 0, 0, 0, 0, 2, 0, 0});
  CHECK_THROWS_WITH(index(x, {ids({0, 1}), ids({0, 4})}),
                    "index: index 4 at position 1 is out of range [-4, 4) of axis 1");
  CHECK_THROWS_WITH(index(x, {ids({0}), ids({0}), ids({0})}), Catch::Contains("3 axes"));
  CHECK_THROWS_AS(index(x, {Tensor::ones({2})}), TypeError);
  CHECK_THROWS_AS(index(x, std::vector<Tensor>()), ShapeError);
  CHECK_THROWS_AS(index(Tensor::scalar(1), {ids({0})}), IndexError);
}

TEST_CASE("the gradient of index has the same bits for any number of threads") {
  manual_seed(9);
  const Tensor x = Tensor::randn({50, 40, 3}).set_requires_grad();
  const Tensor i = Tensor::randint(50, {20000}), j = Tensor::randint(40, {20000});
  const Tensor g = Tensor::randn({20000, 3});
  const auto gradient = [&](int threads) {
    const heed::testing::Threads set(threads);
    return grad({sum(index(x, {i, j}) * g)}, {x})[0].to_vector<float>();
  };
  CHECK(gradient(1) == gradient(3));
}

TEST_CASE("a mask selects elements, and nonzero says where they are") {
  const Tensor x = reshape(Tensor::arange(6), {2, 3}), mask = gt(x, 2.5);
  CHECK(masked_select(x, mask).to_vector<float>() == Floats{3, 4, 5});
  CHECK(masked_select(x, mask[0]).shape() == Shape{0});
  CHECK(nonzero(mask).to_vector<int32_t>() == Ids{1, 0, 1, 1, 1, 2});
  CHECK(nonzero(Tensor::zeros({2, 3})).shape() == Shape{0, 2});
  CHECK_THROWS_WITH(masked_select(x, x), Catch::Contains("the mask must be bool"));
  CHECK_THROWS_AS(masked_select(x, gt(Tensor::ones({2}), 0)), ShapeError);
}

TEST_CASE("one_hot gives floats for a model unless told") {
  const Tensor rows = one_hot(ids({2, 0}));
  CHECK(rows.dtype() == float32);
  CHECK(rows.to_vector<float>() == Floats{0, 0, 1, 1, 0, 0});
  CHECK(one_hot(ids({1}), 3, boolean).to_vector<bool>() == std::vector<bool>{false, true, false});
  CHECK_THROWS_WITH(one_hot(ids({0, 3}), 3),
                    "one_hot: index 3 at position 1 is out of range [0, 3)");
  CHECK_THROWS_AS(one_hot(Tensor::ones({2})), TypeError);
}

TEST_CASE("sort is stable, takes any element type, and NaN as the largest") {
  const Tensor x = Tensor::of({1, NAN, 3, 3, 0, 3}, {6});
  CHECK(argsort(x).to_vector<int32_t>() == Ids{4, 0, 2, 3, 5, 1});
  CHECK(argsort(x, 0, true).to_vector<int32_t>() == Ids{1, 2, 3, 5, 0, 4});
  CHECK(sort(ids({3, -1, 2})).values.to_vector<int32_t>() == Ids{-1, 2, 3});
  CHECK(sort(gt(x, 2)).values.to_vector<bool>() ==
        std::vector<bool>{false, false, false, true, true, true});
  manual_seed(10);
  const Tensor many = Tensor::randint(100, {3000});
  const Ids values = many.to_vector<int32_t>(), order = argsort(many).to_vector<int32_t>();
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto before = static_cast<std::size_t>(order[i - 1]),
               at = static_cast<std::size_t>(order[i]);
    if (values[before] > values[at] || (values[before] == values[at] && before > at)) FAIL(i);
  }
  CHECK_THROWS_AS(sort(x, 1), IndexError);
}

TEST_CASE("multinomial draws as often as the weights say") {
  manual_seed(12);
  const Tensor weights = Tensor::of({1, 0, 3, 4, 0.5, 0.5, 0, 0}, {2, 4});
  const Tensor drawn = multinomial(weights, 8000, true);
  CHECK(drawn.shape() == Shape{2, 8000});
  const auto share = [&](int64_t row, double id) {
    return sum(eq(drawn[row], id).to(int32)).item() / 8000;
  };
  CHECK(std::abs(share(0, 0) - 0.125) < 0.02);
  CHECK(share(0, 1) == 0);
  CHECK(std::abs(share(0, 2) - 0.375) < 0.03);
  CHECK(std::abs(share(1, 0) - 0.5) < 0.03);
  CHECK(share(1, 2) + share(1, 3) == 0);
  manual_seed(12);
  CHECK(multinomial(weights, 8000, true).to_vector<int32_t>() == drawn.to_vector<int32_t>());
}

TEST_CASE("multinomial without replacement draws none twice, the heavy ones first") {
  manual_seed(13);
  const Tensor weights = Tensor::of({1, 0, 3, 4}, {4});
  std::vector<int> first(4);
  for (int i = 0; i < 4000; ++i) {
    const Ids drawn = multinomial(weights, 3).to_vector<int32_t>();
    CHECK(std::set<int32_t>(drawn.begin(), drawn.end()) == std::set<int32_t>{0, 2, 3});
    ++first[static_cast<std::size_t>(drawn[0])];
  }
  CHECK(std::abs(first[0] - 500) < 120);
  CHECK(std::abs(first[2] - 1500) < 160);
  CHECK_THROWS_WITH(multinomial(Tensor::of({0, 2, 0}, {3}), 2),
                    Catch::Contains("1 weights above 0"));
  CHECK_THROWS_WITH(multinomial(weights, 5), Catch::Contains("replacement = true"));
  CHECK_THROWS_WITH(multinomial(Tensor::of({1, -0.5}, {2}), 1),
                    Catch::Contains("weight -0.5 at 1 of row 0"));
  CHECK_THROWS_AS(multinomial(Tensor::zeros({2, 3}), 1), NumericError);
  CHECK_THROWS_WITH(multinomial(Tensor::full({2}, 1e308, float64), 1),
                    Catch::Contains("scale them"));
  CHECK_THROWS_AS(multinomial(ids({1, 2}), 1), TypeError);
}

TEST_CASE("argsort, one_hot and embedding say what they were given and what they take") {
  CHECK_THROWS_WITH(argsort(Tensor::ones({2}), 3), Catch::Contains("argsort: axis 3"));
  CHECK_THROWS_WITH(sort(Tensor::ones({2}), 3), Catch::Contains("sort: axis 3"));
  CHECK_THROWS_WITH(one_hot(ids({1, 2}), -5),
                    Catch::Contains("one_hot: classes is -5, expected at least 1, or -1"));
  CHECK_THROWS_WITH(embedding(ids({1, 2}), Tensor::ones({3, 4})),
                    Catch::Contains("write embedding(weight, ids)"));
  CHECK_THROWS_WITH(embedding(ids({1, 2}), ids({1, 2})), Catch::Contains("needs float32"));
}
