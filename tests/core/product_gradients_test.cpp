// Gradients of weights that are used at many steps: thin products wait and become one.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../core/gradcheck.hpp"
#include "../../core/operations.hpp"
#include "../../core/record.hpp"
#include "leaves.hpp"

using Catch::Contains;
using namespace heed;

namespace {

constexpr int64_t inner = 3, outer = 2;

Tensor weight() { return Tensor::randn({outer, inner}, float64).set_requires_grad(); }

std::vector<Tensor> inputs(const std::vector<int64_t>& rows) {
  std::vector<Tensor> x;
  for (const int64_t n : rows) x.push_back(Tensor::randn({n, inner}, float64));
  return x;
}

/// A loss of which every step's gradient is another.
template <class Product>
Tensor loss_of(const std::vector<Tensor>& x, const Product& product) {
  Tensor loss = Tensor::zeros({}, float64);
  double factor = 1;
  for (const Tensor& step : x) {
    loss = loss + sum(tanh(product(step))) * factor;
    factor += 0.5;
  }
  return loss;
}

/// By `linear`, whose weight gradients are stacked, and by `matmul`, whose are not.
Tensor stacked(const std::vector<Tensor>& x, const Tensor& w) {
  return loss_of(x, [&](const Tensor& step) { return linear(step, w); });
}
Tensor one_by_one(const std::vector<Tensor>& x, const Tensor& w) {
  return loss_of(x, [&](const Tensor& step) { return matmul(step, transpose(w, 0, 1)); });
}

void check_same(const Array& a, const Array& b) {
  REQUIRE(a.shape() == b.shape());
  const Values x = values(Tensor(a)), y = values(Tensor(b));
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == Approx(y[i]).epsilon(1e-11));
}

Array gradient_of(const Tensor& loss, const Tensor& w) { return grad({loss}, {w})[0].array(); }

}  // namespace

TEST_CASE("a weight of 1 2 3 and 20 steps has the gradient of central differences") {
  manual_seed(1);
  for (const int steps : {1, 2, 3, 20}) {
    const auto x = inputs(std::vector<int64_t>(static_cast<std::size_t>(steps), 2));
    const Tensor w = weight();
    const auto result = gradcheck([&](const std::vector<Tensor>&) { return stacked(x, w); }, {w});
    INFO(steps << " steps: " << result.message);
    CHECK(result.ok);
  }
}

TEST_CASE("stacked products are those of each step for all numbers of rows") {
  manual_seed(2);
  const std::vector<std::vector<int64_t>> cases{
      {1, 1},          {511, 511},       {511, 511, 511},
      {511, 512, 513}, {512, 1, 512, 1}, {2, 511, 511, 2, 1023, 4},
      {1, 1024, 1},    {1, 0, 5, 0, 7},  std::vector<int64_t>(40, 100)};
  for (const auto& rows : cases) {
    INFO(rows.size() << " steps, the first of " << rows[0] << " rows");
    const auto x = inputs(rows);
    const Tensor w = weight();
    check_same(gradient_of(stacked(x, w), w), gradient_of(one_by_one(x, w), w));
  }
}

TEST_CASE("stacked products join what a weight collects elsewhere and in passes before") {
  manual_seed(3);
  const auto x = inputs({3, 1, 4, 1, 5});
  const Tensor w = weight();
  const auto elsewhere = [&] { return sum(w * w) + sum(slice(w, 1, 1, 2)); };
  const Array expected = gradient_of(one_by_one(x, w) + elsewhere(), w);
  check_same(gradient_of(stacked(x, w) + elsewhere(), w), expected);
  check_same(gradient_of(elsewhere() + stacked(x, w), w), expected);
  for (int pass = 0; pass < 2; ++pass) (stacked(x, w) + elsewhere()).backward();
  check_same(w.grad().array(), (Tensor(expected) * 2).array());
}

TEST_CASE("a graph that is retained gives its stacked products again") {
  manual_seed(4);
  const auto x = inputs({3, 1, 4});
  const Tensor w = weight();
  const Tensor loss = stacked(x, w);
  const Array expected = gradient_of(one_by_one(x, w), w);
  loss.backward({.retain = true});
  check_same(w.grad().array(), expected);
  loss.backward();
  check_same(w.grad().array(), (Tensor(expected) * 2).array());
}

TEST_CASE("a hook on a weight sees its stacked products whole and once") {
  manual_seed(5);
  const auto x = inputs({3, 1, 4});
  const Tensor w = weight();
  const Array expected = gradient_of(one_by_one(x, w), w);
  Array seen;
  int calls = 0;
  w.register_hook([&](const Tensor& g) {
    ++calls;
    seen = g.array().clone();
    return g * 3;
  });
  stacked(x, w).backward();
  CHECK(calls == 1);
  check_same(seen, expected);
  check_same(w.grad().array(), (Tensor(expected) * 3).array());
}

TEST_CASE("stacked products of a weight that is a result go on to what made it") {
  manual_seed(6);
  const auto x = inputs({3, 1, 4, 2});
  const Tensor all = Tensor::randn({2 * outer, inner}, float64).set_requires_grad();
  const auto part = [&] { return tanh(slice(all, 0, 1, 1 + outer)); };
  const Tensor w = part(), v = part();
  const auto found = grad({stacked(x, w)}, {w, all});
  const auto expected = grad({one_by_one(x, v)}, {v, all});
  check_same(found[0].array(), expected[0].array());
  check_same(found[1].array(), expected[1].array());
}

TEST_CASE("of many weights each gets its own stacked products and none where none is wanted") {
  manual_seed(7);
  const auto x = inputs({3, 1, 4, 2});
  std::vector<Tensor> w;
  for (int i = 0; i < 30; ++i) w.push_back(weight());
  Tensor loss = Tensor::zeros({}, float64);
  for (const Tensor& one : w) loss = loss + stacked(x, one);
  const auto found = grad({loss}, {w[7], w[21]});
  check_same(found[0].array(), gradient_of(one_by_one(x, w[7]), w[7]));
  check_same(found[1].array(), gradient_of(one_by_one(x, w[21]), w[21]));
  CHECK_FALSE(w[8].grad().defined());
}

TEST_CASE("gradients that wait are not changed by those who own what they came from") {
  manual_seed(8);
  const auto x = inputs({2, 2, 2});
  const Tensor w = weight(), b = Tensor::zeros({2, outer}, float64).set_requires_grad();
  // The gradient of y is that of b too, which collects in place.
  const auto loss = [&](auto&& product) {
    Tensor all = Tensor::zeros({2, outer}, float64);
    for (const Tensor& step : x) all = all + (product(step) + b);
    return sum(all * all);
  };
  const auto found = grad({loss([&](const Tensor& s) { return linear(s, w); })}, {w, b});
  const auto expected =
      grad({loss([&](const Tensor& s) { return matmul(s, transpose(w, 0, 1)); })}, {w, b});
  check_same(found[0].array(), expected[0].array());
  check_same(found[1].array(), expected[1].array());
}

TEST_CASE("a gradient that waits is refused once a hook changes what it is made of") {
  manual_seed(9);
  auto x = inputs({2, 2, 2});
  const Tensor w = weight();
  std::vector<Tensor> steps;
  for (const Tensor& step : x) steps.push_back(linear(step, w));
  steps[0].register_hook([&](const Tensor& g) {
    x[1].fill_(0);
    return g;
  });
  const Tensor loss = sum(steps[0] * steps[1] * steps[2]);
  CHECK_THROWS_WITH(loss.backward(), Contains("linear: a hook changed an array in place"));
}

TEST_CASE("a hook may change the leaf that it is called for, which others' products are made of") {
  manual_seed(10);
  for (const bool weight_first : {true, false}) {
    Tensor x = Tensor::randn({2, inner}, float64).set_requires_grad(), w = weight();
    const std::vector<Tensor> steps(3, x);
    const Array expected = gradient_of(stacked(steps, w), w);
    x.register_hook([&](const Tensor& g) {
      x.fill_(0);
      return g;
    });
    const Tensor before = weight_first ? sum(w) * 0.0 : sum(x) * 0.0;
    (before + stacked(steps, w) + before).backward();
    check_same(w.grad_array(), expected);
    CHECK(sum(abs(x)).item() == 0);
  }
}

TEST_CASE("an anomaly in a weight's gradient is found at the step that made it") {
  const Tensor w = Tensor::ones({1, 1}, float64).set_requires_grad();
  const auto step = [&](int64_t rows, double x) {
    return sum(linear(Tensor::full({rows, 1}, x, float64), w));
  };
  const Tensor loss = step(1, 1) + step(2, INFINITY) * 0.0 + step(3, 1) + step(4, 1);
  const DetectAnomaly detect;
  CHECK_THROWS_WITH(loss.backward(), Contains("the backward rule of linear (result [2, 1]"));
}

TEST_CASE("a product that does not fit its input is refused with its shapes") {
  const Tensor w = weight(), x = Tensor::randn({4, inner}, float64);
  const auto use = [&](const Shape& a, const Shape& b, DType dtype) {
    const Tensor y = record("wrong", Array::zeros({4, outer}, float64),
                            joint({&w}, saved(x), [=](const Array&, const Array&, Gradients& out) {
                              out.give_product(0, Array::zeros(a, dtype), Array::zeros(b, dtype));
                            }));
    sum(y).backward();
  };
  use({4, outer}, {4, inner}, float64);
  CHECK_THROWS_WITH(use({4, outer + 1}, {4, inner}, float64),
                    Contains("wrong: ") && Contains("[4, 3]"));
  CHECK_THROWS_AS(use({4, outer}, {5, inner}, float64), GraphError);
  CHECK_THROWS_AS(use({4, outer}, {4, inner, 1}, float64), GraphError);
  CHECK_THROWS_AS(use({4, outer}, {4, inner}, float32), GraphError);
}
