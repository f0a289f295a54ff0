#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>

#include "../../core/anomaly.hpp"
#include "../../core/checkpoint.hpp"
#include "../../core/error.hpp"
#include "../../core/kernels/products.hpp"
#include "../../core/operations.hpp"
#include "../../core/profile.hpp"

using namespace heed;
using Catch::Contains;

namespace {

/// Of an operation, its place in the profile is wanted alone.
void forget(const Tensor&) {}

/// The cost of an operation; one without calls if the profile has none.
OperationCost cost_of(const Profile& profile, const std::string& name, bool backward) {
  for (const OperationCost& cost : profile.costs()) {
    if (cost.name == name && cost.backward == backward) return cost;
  }
  return {name, backward};
}

Tensor leaf(const Shape& shape) { return Tensor::randn(shape, float32).set_requires_grad(); }

}  // namespace

TEST_CASE("a profile counts calls and flops and bytes of each operation in each direction") {
  const Tensor x = leaf({3, 5}), w = leaf({5, 7});
  const Profile profile;
  const Tensor y = matmul(x, w);
  sum(tanh(tanh(y))).backward();
  const OperationCost product = cost_of(profile, "matmul", false);
  CHECK(product.calls == 1);
  CHECK(product.flops == 2 * 3 * 7 * 5);
  CHECK(product.bytes == 4 * (3 * 5 + 5 * 7 + 3 * 7));
  const OperationCost rules = cost_of(profile, "matmul", true);
  CHECK(rules.calls == 1);
  CHECK(rules.flops == 2 * product.flops);
  CHECK(rules.bytes == product.bytes);
  for (const bool backward : {false, true}) {
    const OperationCost cost = cost_of(profile, "tanh", backward);
    CHECK(cost.calls == 2);
    CHECK(cost.flops == 0);
    CHECK(cost.bytes == 2 * 4 * 2 * 21);
    CHECK(cost.seconds > 0);
  }
  CHECK(profile.costs().size() == 6);
}

TEST_CASE("the costs of a profile come with the dearest first") {
  const Tensor x = leaf({64, 64});
  const Profile profile;
  sum(tanh(matmul(x, x)) + x).backward();
  const std::vector<OperationCost> costs = profile.costs();
  CHECK(costs.size() == 8);
  CHECK(std::is_sorted(costs.begin(), costs.end(),
                       [](const auto& a, const auto& b) { return a.seconds > b.seconds; }));
}

TEST_CASE("a profile sees only what is done while it lives") {
  const Tensor x = leaf({3, 5});
  const Tensor y = sum(matmul(x, leaf({5, 7})));
  CHECK_FALSE(profiles());
  {
    const Profile profile;
    CHECK(profiles());
    CHECK(profile.costs().empty());
    y.backward();
    CHECK(cost_of(profile, "matmul", true).calls == 1);
    CHECK(cost_of(profile, "matmul", false).calls == 0);
    CHECK(profile.costs().size() == 2);
  }
  CHECK_FALSE(profiles());
  forget(matmul(x, leaf({5, 7})));
  const Profile later;
  CHECK(later.costs().empty());
  CHECK(cost_of(later, "matmul", false).flops == 0);
}

TEST_CASE("what was skipped is not the next operation's") {
  const Tensor x = leaf({3, 5}), w = leaf({5, 7});
  Profile profile;
  kernels::matmul(x.array(), w.array());
  profile.skip();
  forget(tanh(x));
  CHECK(cost_of(profile, "tanh", false).flops == 0);
  kernels::matmul(x.array(), w.array());
  forget(tanh(x));
  CHECK(cost_of(profile, "tanh", false).flops == 2 * 3 * 7 * 5);
}

TEST_CASE("a profile sees operations without a history, and knows no bytes of theirs") {
  const NoGrad off;
  const Tensor x = leaf({3, 5});
  const Profile profile;
  forget(tanh(cat({x, select(stack({x, x}, 0), 0, 0)}, 0)));
  for (const char* name : {"tanh", "cat", "stack"}) {
    INFO(name);
    CHECK(cost_of(profile, name, false).calls == 1);
    CHECK(cost_of(profile, name, false).bytes == 0);
  }
}

TEST_CASE("a profile sees what a checkpoint computes twice") {
  const Tensor x = leaf({3, 5});
  const Profile profile;
  sum(checkpoint([](const std::vector<Tensor>& in) { return tanh(in[0]); }, {x})).backward();
  CHECK(cost_of(profile, "tanh", false).calls == 2);
  CHECK(cost_of(profile, "tanh", true).calls == 1);
  CHECK(cost_of(profile, "checkpoint", true).calls == 1);
}

TEST_CASE("there is one profile at a time") {
  {
    const Profile profile;
    CHECK_THROWS_WITH(Profile(), Contains("Profile: there is one already"));
    std::thread([] { CHECK_THROWS_AS(Profile(), Error); }).join();
    CHECK(profiles());
    forget(tanh(Tensor::ones({2})));
    CHECK(cost_of(profile, "tanh", false).calls == 1);
  }
  CHECK_NOTHROW(Profile());
}

TEST_CASE("a profile does not see the operations of another thread") {
  const Profile profile;
  std::thread([] { forget(tanh(Tensor::ones({2}))); }).join();
  CHECK(profile.costs().empty());
}

TEST_CASE("a profile ends with the exception that passes it") {
  const Tensor x = Tensor::of({4, -1}, {2}).set_requires_grad();
  try {
    const Profile profile;
    forget(tanh(x));
    forget(matmul(x, Tensor::ones({3, 3})));
  } catch (const ShapeError&) {
  }
  CHECK_FALSE(profiles());
  const Profile profile;
  CHECK_THROWS_AS(matmul(x, Tensor::ones({3, 3})), ShapeError);
  sum(tanh(x)).backward();
  CHECK(cost_of(profile, "tanh", true).calls == 1);
  CHECK(cost_of(profile, "matmul", false).calls == 0);
}

TEST_CASE("a profile and anomaly mode work side by side") {
  const Tensor x = Tensor::of({4, 0, -1}, {3}).set_requires_grad();
  const Profile profile;
  {
    const DetectAnomaly detect;
    CHECK_THROWS_WITH(sqrt(x), Contains("the result of sqrt [3] has a NaN at [2]"));
    CHECK(cost_of(profile, "sqrt", false).calls == 1);
    const Tensor loss = sum(sqrt(abs(x)) * Tensor::of({1, 0, 1}, {3}));
    CHECK_THROWS_WITH(loss.backward(), Contains("the backward rule of sqrt"));
    CHECK(cost_of(profile, "sqrt", true).calls == 1);
  }
  CHECK_NOTHROW(sqrt(x));
  CHECK(cost_of(profile, "sqrt", false).calls == 3);
}

TEST_CASE("anomaly mode outlives a profile") {
  const DetectAnomaly detect;
  { const Profile profile; }
  CHECK_THROWS_AS(sqrt(Tensor::full({2}, -1)), NumericError);
}
