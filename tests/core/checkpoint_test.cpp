// Recomputation: the same gradients, bit for bit, as without, for less memory.
#include <catch2/catch.hpp>

#include "../../core/checkpoint.hpp"
#include "../../core/error.hpp"
#include "../../core/memory.hpp"
#include "../../core/operations.hpp"

using namespace heed;

namespace {

using Inputs = std::vector<Tensor>;
using Values = std::vector<float>;
Values values(const Tensor& x) { return x.to_vector<float>(); }

Tensor random_leaf(const Shape& shape) { return Tensor::randn(shape).set_requires_grad(); }

/// What fn, which holds the weights `w`, gives with and without a checkpoint: the result, and the
/// gradients of x and of the weights.
struct Outcome {
  Values y, x, w;
  bool operator==(const Outcome& other) const = default;
};
Outcome outcome(const CheckpointFunction& fn, const Tensor& w, bool saving) {
  manual_seed(5);
  const Tensor x = random_leaf({7, 5});
  w.zero_grad();
  const Tensor h = x * 1.5;
  const Tensor y = saving ? checkpoint(fn, {h}) : fn({h});
  const Tensor later = Tensor::rand({7, 5});  // drawn after: its numbers must not move
  sum(y * later * square(h)).backward();
  return {values(y), values(x.grad()), values(w.grad())};
}

}  // namespace

TEST_CASE("a checkpoint gives the same bits: results, gradients of inputs and of held weights") {
  const Tensor w = random_leaf({5, 5});
  int calls = 0;
  const CheckpointFunction fn = [&calls, w](const Inputs& in) {
    ++calls;
    return tanh(matmul(dropout(tanh(matmul(in[0], w)), 0.4), w));
  };
  const Outcome plain = outcome(fn, w, false);
  calls = 0;
  CHECK(outcome(fn, w, true) == plain);
  CHECK(calls == 2);
}

TEST_CASE("checkpoints nest") {
  const Tensor w = random_leaf({5, 5});
  const CheckpointFunction inner = [w](const Inputs& in) {
    return dropout(sigmoid(matmul(in[0], w)), 0.3);
  };
  const CheckpointFunction plain = [=](const Inputs& in) {
    return inner({exp(inner({tanh(in[0])}))});
  };
  const CheckpointFunction nested = [=](const Inputs& in) {
    return checkpoint(inner, {exp(checkpoint(inner, {tanh(in[0])}))});
  };
  CHECK(outcome(nested, w, true) == outcome(plain, w, false));
}

TEST_CASE("gradients pass through a checkpoint to held results, in grad and in backward") {
  const Tensor a = random_leaf({3}), b = random_leaf({3});
  const Tensor held = a * b;
  const auto fn = [held](const Inputs& in) { return in[0] * held * held; };
  const Tensor plain = sum(fn({b})), saving = sum(checkpoint(fn, {b}));
  const std::vector<Tensor> right = grad({plain}, {a, b, held}, {.retain = true});
  const std::vector<Tensor> got = grad({saving}, {a, b, held}, {.retain = true});
  for (std::size_t i = 0; i < right.size(); ++i) CHECK(values(got[i]) == values(right[i]));
  CHECK_FALSE(a.grad().defined());
  int hooked = 0;
  a.register_hook([&](const Tensor&) { ++hooked; });
  saving.backward({.retain = true});
  CHECK(hooked == 1);
  CHECK(values(a.grad()) == values(right[0]));
  saving.backward();
  CHECK(values(a.grad()) == values(right[0] * 2.0));
  CHECK_THROWS_AS(saving.backward(), GraphError);
}

TEST_CASE("a checkpoint whose inputs need no gradient reaches the weights it holds") {
  const Tensor w = random_leaf({3});
  const Tensor x = Tensor::of({1, 2, 3}, {3});
  sum(checkpoint([w](const Inputs& in) { return in[0] * w; }, {x})).backward();
  CHECK(values(w.grad()) == Values{1, 2, 3});
  sum(checkpoint([](const Inputs& in) { return in[0]; }, {w})).backward();
  CHECK(values(w.grad()) == Values{2, 3, 4});
  CHECK_FALSE(checkpoint([](const Inputs& in) { return in[0] * 2.0; }, {x}).requires_grad());
  const NoGrad no_grad;
  CHECK_FALSE(checkpoint([w](const Inputs& in) { return in[0] * w; }, {x}).requires_grad());
}

TEST_CASE("checkpoints lower the peak of memory and keep nothing after the backward pass") {
  const auto live_at_peak = [](bool saving) {
    const Tensor x = random_leaf({1 << 12});
    const int64_t before = memory_stats().live_bytes;
    int64_t peak = 0;
    const CheckpointFunction fn = [&peak](const Inputs& in) {
      Tensor y = in[0];
      for (int i = 0; i < 8; ++i) y = tanh(y);
      peak = std::max(peak, memory_stats().live_bytes);
      return y;
    };
    {
      Tensor y = x;
      for (int i = 0; i < 8; ++i) y = saving ? checkpoint(fn, {y}) : fn({y});
      sum(y).backward();
    }
    x.zero_grad();
    CHECK(memory_stats().live_bytes == before);
    return peak - before;
  };
  CHECK(2 * live_at_peak(true) < live_at_peak(false));
}

TEST_CASE("a checkpoint refuses inputs that changed and functions that do not repeat themselves") {
  const Tensor w = random_leaf({3});
  Tensor x = Tensor::ones({3});
  const Tensor y = sum(checkpoint([w](const Inputs& in) { return in[0] * w; }, {x}));
  x.fill_(2);
  CHECK_THROWS_WITH(y.backward(), Catch::Contains("checkpoint: an array [3]") &&
                                      Catch::Contains("changed in place"));
  int calls = 0;
  const Tensor other = random_leaf({3});
  const auto changing = [&](const Inputs& in) { return in[0] * (calls++ ? other : w); };
  CHECK_THROWS_WITH(sum(checkpoint(changing, {x})).backward(),
                    Catch::Contains("did not repeat itself"));
  const uint64_t position = default_generator().position();
  const auto throwing = [&](const Inputs& in) {
    if (calls++ == 3) throw DataError("on purpose");
    return dropout(in[0] * w, 0.5);
  };
  CHECK_THROWS_AS(sum(checkpoint(throwing, {x})).backward(), DataError);
  CHECK(default_generator().position() == position + 1);
}

TEST_CASE("a checkpoint whose function forgets a tensor is refused, not given a gradient of 0") {
  const Tensor x = random_leaf({3}), w = random_leaf({3});
  int calls = 0;
  const auto constant = [&](const Inputs& in) { return calls++ ? in[0].detach() : in[0] * 2.0; };
  CHECK_THROWS_WITH(sum(checkpoint(constant, {x})).backward(),
                    Catch::Contains("did not repeat itself"));
  calls = 0;
  const auto without = [&](const Inputs& in) { return calls++ ? in[0] * 2.0 : in[0] * w; };
  CHECK_THROWS_WITH(sum(checkpoint(without, {x})).backward(),
                    Catch::Contains("did not repeat itself"));
}

TEST_CASE("a checkpoint of an empty function is refused") {
  CHECK_THROWS_WITH(checkpoint({}, {Tensor::ones({2})}), Catch::Contains("empty"));
}
