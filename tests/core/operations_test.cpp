#include <cmath>
#include <functional>
#include <limits>

#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "../../core/parallel.hpp"

using namespace heed;
using Values = std::vector<float>;

namespace {
Values values(const Tensor& x) { return x.to_vector<float>(); }
Tensor ints(std::initializer_list<double> v) {
  return Tensor::of(v, {static_cast<int64_t>(v.size())}, int32);
}
}  // namespace

TEST_CASE("errors name the operation, both shapes and what would be right") {
  const Tensor a = Tensor::ones({64, 256}), b = Tensor::ones({255, 10});
  CHECK_THROWS_WITH(matmul(a, b),
                    "matmul: inner sizes differ: a [64, 256] has 256, b [255, 10] has 255");
  CHECK_THROWS_WITH(add(Tensor::ones({2, 3}), Tensor::ones({4})),
                    Catch::Contains("add") && Catch::Contains("[2, 3]") && Catch::Contains("[4]"));
  CHECK_THROWS_WITH(matmul(Tensor::ones({2}), Tensor::ones({2}, float64)),
                    Catch::Contains("float32") && Catch::Contains("float64"));
  CHECK_THROWS_AS(sum(a, {0, 0}), ShapeError);
  CHECK_THROWS_AS(sum(a, {2}), IndexError);
  CHECK_THROWS_AS(max(Tensor::ones({0, 3}), {0}), ShapeError);
  CHECK_THROWS_AS(cat({Tensor::ones({2, 3}), Tensor::ones({3, 3})}, 1), ShapeError);
  CHECK_THROWS_AS(cat({}, 0), ShapeError);
  CHECK_THROWS_AS(stack({Tensor::ones({2}), Tensor::ones({3})}, 0), ShapeError);
  CHECK_THROWS_AS(linear(Tensor::ones({2, 3}), Tensor::ones({5, 4})), ShapeError);
  CHECK_THROWS_AS(linear(Tensor::ones({2, 3}), Tensor::ones({5, 3}), Tensor::ones({4})),
                  ShapeError);
  CHECK_THROWS_AS(dropout(a, 1.0), ConfigError);
  CHECK_THROWS_AS(softmax(a, 0, Tensor::ones({64, 256})), TypeError);
  CHECK_THROWS_AS(masked_fill(a, Tensor::ones({64}), 0), TypeError);
  CHECK_THROWS_AS(gelu(ints({1})), TypeError);
  CHECK_THROWS_AS(clamp(a, 1, 0), ConfigError);
  CHECK_THROWS_AS(sum(Tensor()), TypeError);
}

TEST_CASE("ids out of range say which, where and the range") {
  const Tensor weight = Tensor::ones({11, 3});
  CHECK_THROWS_WITH(embedding(weight, ints({1, 2, 17})), Catch::Contains("17") &&
                                                             Catch::Contains("position 2") &&
                                                             Catch::Contains("11"));
  CHECK_THROWS_AS(embedding(weight, ints({-1})), IndexError);
  CHECK_THROWS_AS(index_select(weight, 1, ints({3})), IndexError);
  CHECK_THROWS_AS(cross_entropy(weight, Tensor::full({11}, 3, int32)), IndexError);
}

TEST_CASE("a row that keeps nothing gives zeros and no NaN, forward and backward") {
  Tensor x = Tensor::of({1, 2, 3, 4}, {2, 2});
  x.set_requires_grad();
  const Tensor keep = gt(Tensor::of({0, 0, 1, 0}, {2, 2}), 0.5);
  const Tensor y = softmax(x, -1, keep);
  CHECK(values(y) == Values{0, 0, 1, 0});
  CHECK(values(log_softmax(x, -1, keep)) == Values{0, 0, 0, -INFINITY});
  sum(square(y)).backward();
  CHECK(values(x.grad()) == Values{0, 0, 0, 0});
}

TEST_CASE("empty batches and lengths pass through") {
  const Tensor none = Tensor::ones({0, 3});
  CHECK(matmul(none, Tensor::ones({3, 5})).shape() == Shape{0, 5});
  CHECK(values(matmul(Tensor::ones({2, 0}), Tensor::ones({0, 3}))) == Values(6, 0.0f));
  CHECK(linear(none, Tensor::ones({7, 3})).shape() == Shape{0, 7});
  CHECK(softmax(Tensor::ones({2, 0})).shape() == Shape{2, 0});
  CHECK(values(sum(none, {0})) == Values{0, 0, 0});
  CHECK(cross_entropy(none, Tensor::zeros({0}, int32)).item() == 0);
  CHECK(embedding(Tensor::ones({5, 2}), Tensor::zeros({0, 4}, int32)).shape() == Shape{0, 4, 2});
}

TEST_CASE("logits that are all ignored give loss 0 and gradient 0") {
  Tensor x = Tensor::ones({2, 3});
  x.set_requires_grad();
  const Tensor loss = cross_entropy(x, ints({-100, -100}));
  CHECK(loss.item() == 0);
  loss.backward();
  CHECK(values(x.grad()) == Values(6, 0.0f));
}

TEST_CASE("logsumexp of nothing but -inf is -inf, without NaN in the gradient") {
  Tensor x = Tensor::full({2, 3}, -INFINITY);
  x.set_requires_grad();
  const Tensor y = logsumexp(x, {1});
  CHECK(values(y) == Values{-INFINITY, -INFINITY});
  (y * 1.0).backward(Tensor::ones({2}));
  CHECK(values(x.grad()) == Values(6, 0.0f));
}

TEST_CASE("masks and comparisons follow PyTorch: masked_fill fills where true") {
  const Tensor x = Tensor::of({1, 2, 3}, {3});
  CHECK(values(masked_fill(x, gt(x, 1.5), 9)) == Values{1, 9, 9});
  CHECK(values(where(lt(x, 2.5), x, -x)) == Values{1, 2, -3});
  CHECK(eq(x, Tensor::of({1, 0, 3}, {3})).to_vector<bool>() ==
        std::vector<bool>{true, false, true});
  CHECK(argmax(Tensor::of({1, 5, 5, 2}, {2, 2}), 1).to_vector<int32_t>() ==
        std::vector<int32_t>{1, 0});
}

TEST_CASE("dropout zeroes the stated share, scales the rest and repeats itself backward") {
  manual_seed(5);
  Tensor x = Tensor::ones({100, 100});
  x.set_requires_grad();
  const Tensor y = dropout(x, 0.25);
  const Values v = values(y);
  const auto zeros = static_cast<double>(std::count(v.begin(), v.end(), 0.0f)) / 1e4;
  CHECK(zeros == Approx(0.25).margin(0.02));
  sum(y).backward();
  CHECK(values(x.grad()) == v);
  CHECK(values(dropout(x, 0.25)) != v);
  manual_seed(5);
  CHECK(values(dropout(x, 0.25)) == v);
}

namespace {
/// An operation's result and gradients, of drawn cotangents, for draws that begin anew.
std::vector<Tensor> with_gradients(const std::function<Tensor(std::vector<Tensor>&)>& f,
                                   const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves;
  for (const Tensor& x : inputs) leaves.push_back(x.detach().clone().set_requires_grad());
  manual_seed(11);
  std::vector<Tensor> all{f(leaves)};
  all[0].backward(Tensor::randn(all[0].shape(), all[0].dtype()));
  for (const Tensor& x : leaves) all.push_back(x.grad());
  return all;
}

/// Equal to within `error`, NaN beside NaN.
bool same(const Tensor& a, const Tensor& b, double error) {
  const auto x = a.to(float64).to_vector<double>(), y = b.to(float64).to_vector<double>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool equal = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    if (!equal && !(std::abs(x[i] - y[i]) <= error)) return false;
  }
  return a.shape() == b.shape() && a.dtype() == b.dtype();
}
}  // namespace

TEST_CASE("fused dropout is the composition, with the same draws") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
  const DType dtype = GENERATE(float32, float64);
  const double p = GENERATE(0.0, 0.3, 0.999);
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7}, Shape{70, 131}}) {
    Tensor x = Tensor::randn(shape, dtype), y = Tensor::randn(shape, dtype);
    if (shape == Shape{7}) x = Tensor::of({0, -0.0, nan, inf, -inf, 1e-44, -1}, {7}, dtype);
    if (shape == Shape{7}) y = Tensor::of({inf, nan, 1, -inf, 0, -0.0, 2}, {7}, dtype);
    CAPTURE(to_string(shape), p);
    const auto relu_fused = [p](auto& in) { return dropout_relu(in[0], p); };
    const auto relu_composed = [p](auto& in) { return dropout(relu(in[0]), p); };
    const auto sum_fused = [p](auto& in) { return add_dropout(in[0], in[1], p); };
    const auto sum_composed = [p](auto& in) { return in[0] + dropout(in[1], p); };
    for (const Tensor& one : {x, transpose(unsqueeze(x, 0), 0, -1)}) {
      const auto fused = with_gradients(relu_fused, {one}),
                 made = with_gradients(relu_composed, {one});
      for (std::size_t i = 0; i < made.size(); ++i) CHECK(same(fused[i], made[i], 0));
    }
    const auto fused = with_gradients(sum_fused, {x, y}),
               made = with_gradients(sum_composed, {x, y});
    for (std::size_t i = 0; i < made.size(); ++i) CHECK(same(fused[i], made[i], 1e-6 / (1 - p)));
  }
}

TEST_CASE("the gradient of fused dropout is written over no gradient that someone keeps") {
  const Tensor x = Tensor::ones({100}).set_requires_grad(), seed = Tensor::full({100}, 3);
  const Tensor y = dropout_relu(x, 0.5);
  Tensor seen;
  y.register_hook([&](const Tensor& g) {
    seen = g;
    return Tensor();
  });
  y.backward(seed, {.retain = true});
  CHECK(same(seen, seed, 0));
  CHECK(min(seed).item() == 3);
  CHECK(same(x.grad(), y.detach() * 3.0, 0));
  CHECK(min(grad({sum(y * 3.0)}, {y}, {.retain = true})[0]).item() == 3);
}

TEST_CASE("fused dropout refuses what it can't take") {
  const Tensor x = Tensor::ones({2, 3});
  CHECK_THROWS_WITH(dropout_relu(x, 1), "dropout_relu: p must be in [0, 1), got 1.000000");
  CHECK_THROWS_AS(dropout_relu(x.to(int32), 0.5), TypeError);
  CHECK_THROWS_AS(add_dropout(x, x, -0.1), ConfigError);
  CHECK_THROWS_AS(add_dropout(x, x.to(float64), 0.1), TypeError);
  CHECK_THROWS_WITH(add_dropout(x, Tensor::ones({3}), 0.1),
                    "add_dropout: needs one shape, got [2, 3] and [3]");
}

TEST_CASE("results have the same bits for one thread and two") {
  manual_seed(1);
  const Tensor a = Tensor::randn({257, 131}), b = Tensor::randn({131, 263});
  std::vector<Values> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    const Tensor y = matmul(a, b);
    Values all = values(softmax(y));
    for (const Tensor& part : {sum(y, {0}), sum(y, {1}), sum(y), logsumexp(y, {0})}) {
      const Values more = values(part);
      all.insert(all.end(), more.begin(), more.end());
    }
    results.push_back(std::move(all));
  }
  set_threads(2);
  CHECK(results[0] == results[1]);
}
