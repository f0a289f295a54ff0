// What holds between backward passes: failed ones, nested ones, and several at the same time.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "../../core/parallel.hpp"
#include "../../core/record.hpp"
#include "leaves.hpp"

using namespace heed;

TEST_CASE("after a backward that failed on a change in place the graph is freed, as it says") {
  const Tensor x = leaf({1, 2});
  Tensor factor = Tensor::of({1, 2}, {2}, float64);
  const Tensor loss = sum(square(exp(x * factor)));
  factor.mul_(2);
  CHECK_THROWS_WITH(loss.backward(), Catch::Contains("changed in place"));
  CHECK_THROWS_WITH(loss.backward(), Catch::Contains("freed"));
}

TEST_CASE("a backward that failed may be repeated if it was to keep the graph") {
  const Tensor x = leaf({1, 2});
  const Tensor y = exp(x);
  bool fails = true;
  y.register_hook([&](const Tensor&) {
    if (fails) throw NumericError("no");
  });
  const Tensor loss = sum(square(y));
  CHECK_THROWS_AS(loss.backward({.retain = true}), NumericError);
  CHECK_FALSE(x.grad().defined());
  fails = false;
  loss.backward();
  CHECK(x.grad().at({1}) == Approx(2 * std::exp(4.0)));
}

TEST_CASE("a hook that throws leaves a graph that says it is freed") {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 3.0;
  y.register_hook([](const Tensor&) { throw NumericError("no"); });
  const Tensor loss = sum(square(y));
  CHECK_THROWS_AS(loss.backward(), NumericError);
  CHECK_THROWS_AS(loss.backward(), GraphError);
}

TEST_CASE("after anomaly mode found a NaN the graph says that it is freed") {
  const Tensor x = leaf({0, 1});
  const Tensor loss = sum(sqrt(x) * Tensor::of({0, 1}, {2}, float64));
  {
    const DetectAnomaly detect;
    CHECK_THROWS_AS(loss.backward(), NumericError);
  }
  CHECK_THROWS_AS(loss.backward(), GraphError);
}

TEST_CASE("a failed backward leaves the gradients collected before it") {
  const Tensor x = leaf({1, 2});
  sum(x * 3.0).backward();
  const Tensor y = x * 2.0;
  y.register_hook([](const Tensor&) { throw NumericError("no"); });
  CHECK_THROWS_AS(sum(y).backward(), NumericError);
  CHECK(values(x.grad()) == Values{3, 3});
}

TEST_CASE("a hook may ask for gradients of a graph that shares nodes with the one being run") {
  const Tensor w = leaf({1, 2, 3}), v = leaf({1, 1, 1});
  const Tensor y = w * v, other = sum(w * w * v);
  Values inner;
  y.register_hook([&](const Tensor&) { inner = values(grad({other}, {v}, {.retain = true})[0]); });
  sum(y * y).backward();
  CHECK(inner == Values{1, 4, 9});
  CHECK(values(w.grad()) == Values{2, 4, 6});
  CHECK(values(v.grad()) == Values{2, 8, 18});
}

TEST_CASE("a hook may run a backward of its own: both add to the leaves") {
  const Tensor w = leaf({1, 2});
  const Tensor y = w * 2.0;
  y.register_hook([&](const Tensor&) { sum(w * w).backward(); });
  // Recorded before the pass, in which nothing is recorded.
  const Tensor square_of_w = sum(w * w);
  const Tensor z = w * 2.0;
  z.register_hook([&](const Tensor&) { square_of_w.backward(); });
  sum(z).backward();
  CHECK(values(w.grad()) == Values{4, 6});
  CHECK_THROWS_WITH(sum(y).backward(), Catch::Contains("no history"));
}

TEST_CASE("a hook that would free the graph being run is refused") {
  const Tensor w = leaf({1, 2});
  const Tensor below = w * w, loss_below = sum(below);
  const Tensor y = below * 2.0;
  y.register_hook([&](const Tensor&) { loss_below.backward(); });
  CHECK_THROWS_WITH(sum(y).backward(), Catch::Contains("being run") && Catch::Contains("retain"));
}

TEST_CASE("a hook that runs the graph it is called from gets an error and no crash") {
  const Tensor w = leaf({1, 2});
  const Tensor y = w * 2.0;
  Tensor loss;
  bool retain = false;
  y.register_hook([&](const Tensor&) { loss.backward({.retain = retain}); });
  loss = sum(square(y));
  CHECK_THROWS_WITH(loss.backward(), Catch::Contains("freed"));
  retain = true;
  loss = sum(square(y));
  CHECK_THROWS_WITH(loss.backward({.retain = true}), Catch::Contains("hook"));
}

TEST_CASE("a hook must return the shape and the element type of the gradient") {
  const Tensor x = Tensor::ones({4}).set_requires_grad();
  const Tensor y = x * 2.0;
  y.register_hook([](const Tensor& g) { return g.to(float64); });
  CHECK_THROWS_WITH(sum(y * y).backward(),
                    Catch::Contains("register_hook") && Catch::Contains("float64"));
  x.register_hook([](const Tensor& g) { return g.to(float64); });
  CHECK_THROWS_AS(sum(x * 2.0).backward(), TypeError);
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("the results of one grad share no memory") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  std::vector<Tensor> g = grad({sum(x + y)}, {x, x, y});
  g[0].mul_(10);
  CHECK(values(g[1]) == Values{1, 1});
  CHECK(values(g[2]) == Values{1, 1});
  const Tensor z = x * y;
  g = grad({z}, {z, x}, {.retain = true});
  g[1].mul_(0);
  CHECK(values(y) == Values{3, 4});
}

namespace {

/// Calls `work(0)` and `work(1)` at the same time, each on a thread that computes alone.
template <class F>
void side_by_side(F work) {
  const int threads_before = threads();
  set_threads(1);
  std::atomic<int> started{0};
  const auto together = [&](int which) {
    for (++started; started < 2;) std::this_thread::yield();
    work(which);
  };
  std::thread a(together, 0), b(together, 1);
  a.join();
  b.join();
  set_threads(threads_before);
}

}  // namespace

TEST_CASE("threads with graphs of their own over one weight get their own gradients") {
  const Tensor w = Tensor::ones({64}, float64).set_requires_grad();
  int wrong[2] = {};
  side_by_side([&](int which) {
    const double factor = 2 + which;
    for (int i = 0; i < 5000; ++i) {
      const Tensor loss = sum(w * Tensor::full({64}, factor, float64));
      if (grad({loss}, {w})[0].at({63}) != factor) ++wrong[which];
    }
  });
  CHECK(wrong[0] == 0);
  CHECK(wrong[1] == 0);
}

TEST_CASE("backward passes of two threads add up in a weight that they share") {
  const Tensor w = Tensor::ones({64}, float64).set_requires_grad();
  side_by_side([&](int which) {
    for (int i = 0; i < 5000; ++i) sum(w * (2.0 + which)).backward();
  });
  CHECK(w.grad().to_vector<double>() == Values(64, 25000));
}

TEST_CASE("a hook registered while a pass runs waits for the next one") {
  const Tensor w = leaf({1, 2});
  sum(w * 3.0).backward();
  const Tensor y = w * 2.0;
  int calls = 0;
  bool fails = true;
  y.register_hook([&](const Tensor&) {
    w.register_hook([&](const Tensor&) { ++calls; });
    if (fails) throw NumericError("no");
  });
  CHECK_THROWS_AS(sum(y).backward({.retain = true}), NumericError);
  REQUIRE(w.grad().defined());
  CHECK(values(w.grad()) == Values{3, 3});

  const Tensor v = leaf({1, 2});
  sum(v * 3.0).backward();
  const Tensor z = v * 2.0;
  Values seen;
  z.register_hook(
      [&](const Tensor&) { v.register_hook([&](const Tensor& g) { seen = values(g); }); });
  sum(z).backward();
  CHECK(seen.empty());
  CHECK(values(v.grad()) == Values{5, 5});
  sum(v * 4.0).backward();
  CHECK(seen == Values{4, 4});
}

TEST_CASE("a rule that adds in place must leave the shape and the element type") {
  const Tensor w = leaf({1, 2});
  sum(w * 3.0).backward();
  const auto spoilt = [&](const Shape& shape, DType dtype) {
    return sum(record("mine", w.array().clone(), wrt(w, [=](const Array&, Array& into) {
                        into = Array::zeros(shape, dtype);
                      })));
  };
  CHECK_THROWS_WITH(spoilt({3}, float64).backward(), Catch::Contains("[3]"));
  CHECK_THROWS_WITH(spoilt({2}, int32).backward(), Catch::Contains("int32"));
  CHECK_THROWS_AS(grad({spoilt({3}, float64)}, {w}), GraphError);
  // Also before a second rule adds to it.
  CHECK_THROWS_AS((sum(w * 2.0) + spoilt({1}, float64) + sum(w * w)).backward(), GraphError);
}

TEST_CASE("a rule that asks for an input which its operation lacks is refused") {
  const Tensor w = leaf({1, 2});
  const auto asks = [&](int input) {
    return sum(
        record("mine", w.array().clone(),
               joint({&w}, saved(), [=](const Array& g, Gradients& out) { out.give(input, g); })));
  };
  CHECK_THROWS_WITH(asks(1).backward(), Catch::Contains("input 1 of 1"));
  CHECK_THROWS_AS(asks(-1).backward(), IndexError);
}

TEST_CASE("a leaf keeps floating numbers and an operation has a result") {
  const Tensor w = leaf({1, 2});
  CHECK_THROWS_AS(w.set_array(Array::zeros({2}, int32)), TypeError);
  CHECK(w.dtype() == float64);
  CHECK_THROWS_WITH(record("mine", Array(), wrt(w, [](const Array& g) { return g; })),
                    Catch::Contains("mine") && Catch::Contains("undefined"));
}

TEST_CASE("an expanded tensor is changed in place by fill_ alone") {
  Tensor row = Tensor::ones({1, 2});
  Tensor rows = expand(row, {3, 2});
  const Tensor ones = Tensor::ones({3, 2});
  CHECK_THROWS_WITH(rows.add_(ones), Catch::Contains("add_") && Catch::Contains("clone()"));
  CHECK_THROWS_AS(rows.mul_(2), ShapeError);
  CHECK_THROWS_AS(rows.copy_(ones), ShapeError);
  CHECK(row.to_vector<float>() == std::vector<float>{1, 1});
  Tensor::zeros({2, 0, 3}).add_(Tensor::ones({3}));
  rows.fill_(5);  // one number for all is well defined
  CHECK(row.to_vector<float>() == std::vector<float>{5, 5});
  expand(row, {1, 2}).add_(row);
  CHECK(row.to_vector<float>() == std::vector<float>{10, 10});
}

TEST_CASE("an operand whose gradient a change in place would lose is refused") {
  const Tensor w = leaf({1, 2, 3});
  Tensor total = Tensor::zeros({3}, float64);
  CHECK_THROWS_WITH(total.add_(w * 2.0), Catch::Contains("x + y") && Catch::Contains("detach"));
  CHECK_THROWS_AS(total.copy_(w), GraphError);
  total.add_((w * 2.0).detach());
  const NoGrad no_grad;
  total.add_(w);
  CHECK(values(total) == Values{3, 6, 9});
}

TEST_CASE("undefined arrays and tensors are refused by name of the fault") {
  CHECK_FALSE(Tensor(Array()).defined());
  CHECK_THROWS_WITH(exp(Tensor(Array())), Catch::Contains("undefined"));
  CHECK_THROWS_WITH(Array().clone(), Catch::Contains("undefined"));
  CHECK_THROWS_AS(Array().to(float64), TypeError);
  CHECK_THROWS_AS(Tensor().set_array(Array::zeros({2})), TypeError);
  CHECK_THROWS_AS(Tensor::ones({2}).set_array(Array()), TypeError);
}

TEST_CASE("slice takes any step, split any size, reshape no -1 that could be anything") {
  CHECK(slice(Tensor::arange(10), 0, 0, 10, INT64_MAX).to_vector<float>() == std::vector<float>{0});
  CHECK(slice(Tensor::arange(10), 0, 3, 10, INT64_MAX - 5).to_vector<float>() ==
        std::vector<float>{3});
  CHECK(slice(Tensor::arange(10), 0, 4, 4, 3).shape() == Shape{0});
  REQUIRE(split(Tensor::zeros({0, 3}), 2, 0).size() == 1);
  CHECK(split(Tensor::zeros({0, 3}), 2, 0)[0].shape() == Shape{0, 3});
  CHECK(split(Tensor::zeros({5}), INT64_MAX, 0).size() == 1);
  CHECK(split(Tensor::zeros({5}), 2, 0).size() == 3);
  CHECK_THROWS_WITH(reshape(Tensor::zeros({0}), {-1, 0}), Catch::Contains("-1"));
  CHECK(reshape(Tensor::zeros({0, 3}), {0, 7}).shape() == Shape{0, 7});
}
