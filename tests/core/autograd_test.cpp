#include <catch2/catch.hpp>
#include <thread>

#include "../../core/error.hpp"
#include "../../core/graph.hpp"
#include "../../core/kernels/kernels.hpp"
#include "../../core/memory.hpp"
#include "../../core/operations.hpp"
#include "../../core/record.hpp"
#include "leaves.hpp"

using namespace heed;

TEST_CASE("a diamond's gradient adds both branches") {
  const Tensor x = leaf({2, 3});
  const Tensor y = x * x;
  sum(y * y + y).backward();
  // d/dx (x^4 + x^2) = 4 x^3 + 2 x
  CHECK(values(x.grad()) == Values{36, 114});
}

TEST_CASE("gradients of two backward passes add up and zero_grad clears them") {
  const Tensor x = leaf({1, 2});
  sum(x * 3.0).backward();
  sum(x * 4.0).backward();
  CHECK(values(x.grad()) == Values{7, 7});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("two leaves never share a gradient's memory") {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4});
  sum(x + y).backward();
  x.grad().mul_(10);
  CHECK(values(x.grad()) == Values{10, 10});
  CHECK(values(y.grad()) == Values{1, 1});
}

TEST_CASE("a second backward through a freed graph says so, retain allows it") {
  const Tensor x = leaf({1, 2});
  const Tensor y = sum(x * x);
  y.backward({.retain = true});
  y.backward();
  CHECK(values(x.grad()) == Values{4, 8});
  CHECK_THROWS_AS(y.backward(), GraphError);
  CHECK_THROWS_WITH(y.backward(), Catch::Contains("retain"));
  CHECK_THROWS_AS(sum(y * 2.0).backward(), GraphError);
}

TEST_CASE("backward wants a scalar with a history") {
  const Tensor x = leaf({1, 2});
  CHECK_THROWS_WITH((x * 2.0).backward(), Catch::Contains("[2]") && Catch::Contains("sum()"));
  CHECK_THROWS_AS(Tensor::ones({1}).backward(), GraphError);
  (x * 2.0).backward(Tensor::of({5, 7}, {2}, float64));
  CHECK(values(x.grad()) == Values{10, 14});
}

TEST_CASE("an in-place change of a saved array is an error and not a wrong gradient") {
  const Tensor x = leaf({1, 2});
  Tensor factor = Tensor::of({3, 4}, {2}, float64);
  const Tensor y = sum(x * factor);
  factor.fill_(0);
  CHECK_THROWS_WITH(y.backward(), Catch::Contains("mul") && Catch::Contains("changed in place"));
}

TEST_CASE("a change through a view of a saved array is seen too") {
  const Tensor x = leaf({1, 2, 3});
  const Tensor factor = Tensor::of({3, 4, 5}, {3}, float64);
  const Tensor y = sum(x * factor);
  Tensor(factor.array().slice(0, 1, 2)).fill_(9);
  CHECK_THROWS_AS(y.backward(), GraphError);
}

TEST_CASE("in-place changes of leaves need NoGrad, those of results are refused") {
  Tensor x = leaf({1, 2});
  CHECK_THROWS_AS(x.fill_(0), GraphError);
  {
    const NoGrad no_grad;
    x.add_(Tensor::of({1, 1}, {2}, float64), 0.5);
  }
  CHECK(values(x) == Values{1.5, 2.5});
  Tensor y = x * 2.0;
  CHECK_THROWS_AS(y.mul_(2), GraphError);
}

TEST_CASE("an in-place operand that shares the target's memory is read before it changes") {
  Tensor x = Tensor::of({1, 2, 3}, {3}, float64);
  x.add_(Tensor(x.array().select(0, 0)));
  CHECK(values(x) == Values{2, 3, 4});
}

TEST_CASE("NoGrad and detach cut the history") {
  const Tensor x = leaf({1, 2});
  {
    const NoGrad no_grad;
    CHECK_FALSE((x * 2.0).requires_grad());
  }
  CHECK((x * 2.0).requires_grad());
  CHECK_FALSE(x.detach().requires_grad());
  sum(x * x.detach()).backward();
  CHECK(values(x.grad()) == Values{1, 2});
}

TEST_CASE("grad gives gradients of any tensor and leaves the leaves alone") {
  const Tensor x = leaf({1, 2}), other = leaf({5, 5});
  const Tensor hidden = x * 3.0;
  const Tensor y = sum(hidden * hidden);
  const std::vector<Tensor> g = grad({y}, {hidden, x, other}, {.retain = true});
  CHECK(values(g[0]) == Values{6, 12});
  CHECK(values(g[1]) == Values{18, 36});
  CHECK(values(g[2]) == Values{0, 0});
  CHECK_FALSE(x.grad().defined());
  y.backward();
  CHECK(values(x.grad()) == Values{18, 36});
  CHECK_THROWS_AS(grad({sum(x)}, {Tensor::ones({2}, float64)}), GraphError);
}

TEST_CASE("hooks run once on the complete gradient and may replace it") {
  const Tensor x = leaf({1, 2});
  int calls = 0;
  x.register_hook([&](const Tensor& g) {
    ++calls;
    return g * 10.0;
  });
  const Tensor y = x * 2.0;
  std::vector<double> seen;
  y.register_hook([&](const Tensor& g) { seen = g.to_vector<double>(); });
  sum(y + y * 3.0).backward();
  CHECK(seen == Values{4, 4});
  CHECK(calls == 1);
  CHECK(values(x.grad()) == Values{80, 80});
  sum(x).backward();
  CHECK(calls == 2);
  CHECK(values(x.grad()) == Values{90, 90});
}

TEST_CASE("a user's operation is written as heed's own") {
  const auto cube = [](const Tensor& x) {
    return record("cube", kernels::pow(x.array(), 3),
                  wrt(x, saved(x), [](const Array& g, const Array& base) {
                    return kernels::mul(g, kernels::square(base), 3);
                  }));
  };
  const Tensor x = leaf({2, 3});
  sum(cube(x)).backward();
  CHECK(values(x.grad()) == Values{12, 27});
}

TEST_CASE("one rule can serve several inputs") {
  const Tensor a = leaf({2, 3}), b = leaf({5, 7});
  const auto product = [](const Tensor& x, const Tensor& y) {
    return record("product", kernels::mul(x.array(), y.array()),
                  joint({&x, &y}, saved(x, y),
                        [](const Array& g, const Array& left, const Array& right, Gradients& out) {
                          out.give(0, kernels::mul(g, right));
                          out.give(1, kernels::mul(g, left));
                        }));
  };
  sum(product(a, b)).backward();
  CHECK(values(a.grad()) == Values{5, 7});
  CHECK(values(b.grad()) == Values{2, 3});
  sum(product(a, Tensor::ones({2}, float64))).backward();
  CHECK(values(a.grad()) == Values{6, 8});
}

TEST_CASE("a rule that returns another shape is named") {
  const Tensor x = leaf({1, 2});
  const Tensor y = record("crooked", x.array().clone(),
                          wrt(x, [](const Array&) { return Array::zeros({3}, float64); }));
  CHECK_THROWS_WITH(sum(y).backward(), Catch::Contains("crooked") && Catch::Contains("[3]"));
}

TEST_CASE("a chain of 100,000 operations runs backward and ends without deep recursion") {
  const Tensor x = leaf({1});
  {
    Tensor y = x;
    for (int i = 0; i < 100'000; ++i) y = y + 1.0;
    y.backward();
    CHECK(values(x.grad()) == Values{1});
    Tensor unused = x;
    for (int i = 0; i < 100'000; ++i) unused = unused * 1.0;
  }
  SUCCEED();
}

TEST_CASE("what a rule saved is released as soon as it ran, and the graph after backward") {
  const Tensor x = Tensor::randn({1000, 100}).set_requires_grad();
  const int64_t before = memory_stats().live_bytes;
  Tensor y = x;
  for (int i = 0; i < 10; ++i) y = tanh(y);
  const Tensor loss = sum(y);
  y = Tensor();
  CHECK(memory_stats().live_bytes - before > 9 * 400'000);
  loss.backward();
  // The gradient alone is left.
  CHECK(memory_stats().live_bytes - before < 2 * 440'000);
}

TEST_CASE("a thousand training steps do not grow memory") {
  const Tensor w = Tensor::randn({13, 7}).set_requires_grad();
  const auto step = [&] {
    const Tensor x = Tensor::randn({5, 13});
    w.zero_grad();
    mean(square(tanh(matmul(x, w)))).backward();
  };
  for (int i = 0; i < 10; ++i) step();
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 1000; ++i) step();
  const MemoryStats after = memory_stats();
  CHECK(after.live_bytes == before.live_bytes);
#if !defined(HEED_SANITIZED)
  CHECK(after.heap_allocations == before.heap_allocations);
#endif
}

TEST_CASE("a graph that another thread recorded is refused") {
  const Tensor x = leaf({1, 2});
  Tensor y;
  std::thread([&] { y = sum(x * x); }).join();
  CHECK_THROWS_WITH(y.backward(), Catch::Contains("thread"));
}

TEST_CASE("leaves are made of floating constants only") {
  CHECK_THROWS_AS(Tensor::arange(3, int32).set_requires_grad(), TypeError);
  const Tensor x = leaf({1});
  Tensor y = x * 2.0;
  CHECK_THROWS_AS(y.set_requires_grad(false), GraphError);
}

TEST_CASE("the graph is drawn with operations, shapes and the leaves' names") {
  const Tensor w = leaf({1, 2});
  const std::string dot = to_dot(sum(tanh(w)), {{w, "weight \"w\""}});
  CHECK_THAT(dot, Catch::StartsWith("digraph heed {") && Catch::Contains("tanh\\n[2]") &&
                      Catch::Contains("weight \\\"w\\\"") && Catch::Contains("n1 -> n0"));
  CHECK_THROWS_AS(to_dot(Tensor::ones({1})), GraphError);
}
