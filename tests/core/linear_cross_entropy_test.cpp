// The loss of a last layer by rows against the same of whole logits.
#include <catch2/catch.hpp>
#include <cmath>

#include "../../core/error.hpp"
#include "../../core/memory.hpp"
#include "../../core/operations.hpp"

using Catch::Contains;
using namespace heed;

namespace {

// More words than a piece of 256 rows has room for, and three pieces.
constexpr int64_t N = 600, V = 20000, D = 3;

/// x, weight, bias: leaves.
std::vector<Tensor> operands() {
  manual_seed(4);
  std::vector<Tensor> all = {Tensor::randn({N, D}, float64), Tensor::randn({V, D}, float64),
                             Tensor::randn({V}, float64)};
  for (Tensor& one : all) one.set_requires_grad(true);
  return all;
}

Tensor targets() {
  std::vector<int32_t> ids(N);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = i % 7 == 3 ? -100 : static_cast<int32_t>(i * 37 % V);
  }
  return Tensor::from(ids, {N});
}

double difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

}  // namespace

TEST_CASE("the loss of a last layer by rows is that of whole logits, and so are its gradients") {
  for (const Reduction reduction : {Reduction::mean, Reduction::sum}) {
    const CrossEntropyOptions options{.label_smoothing = 0.1, .reduction = reduction};
    const std::vector<Tensor> x = operands();
    // Not the last operation: what comes back for the loss is a factor.
    const Tensor by_rows = linear_cross_entropy(x[0], x[1], targets(), x[2], options) * -1.5;
    const Tensor whole = cross_entropy(linear(x[0], x[1], x[2]), targets(), options) * -1.5;
    CHECK(by_rows.item() == Approx(whole.item()).epsilon(1e-13));
    const std::vector<Tensor> ours = grad({by_rows}, x), theirs = grad({whole}, x);
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(difference(ours[i], theirs[i]) < 1e-12);
  }
}

TEST_CASE("the loss of a last layer gives gradients to those operands that want one") {
  for (std::size_t wanted = 0; wanted < 3; ++wanted) {
    std::vector<Tensor> x = operands();
    for (std::size_t i = 0; i < 3; ++i) x[i] = x[i].detach().set_requires_grad(i == wanted);
    linear_cross_entropy(x[0], x[1], targets(), x[2]).backward();
    const Tensor expected =
        grad({cross_entropy(linear(x[0], x[1], x[2]), targets())}, {x[wanted]})[0];
    CHECK(difference(x[wanted].grad(), expected) < 1e-12);
  }
  NoGrad no_grad;
  const std::vector<Tensor> x = operands();
  CHECK_FALSE(linear_cross_entropy(x[0], x[1], targets()).requires_grad());
}

TEST_CASE("the loss of a last layer goes back twice where the graph is kept") {
  const std::vector<Tensor> x = operands();
  const Tensor loss = linear_cross_entropy(x[0], x[1], targets(), x[2]);
  loss.backward({.retain = true});
  const Tensor once = x[1].grad().clone();
  loss.backward();
  CHECK(difference(x[1].grad(), once * 2) == 0);
}

TEST_CASE("the loss of a last layer names the place of a wrong target in the whole text") {
  const std::vector<Tensor> x = operands();
  std::vector<int32_t> ids(N);
  ids[555] = V;
  CHECK_THROWS_WITH(linear_cross_entropy(x[0], x[1], Tensor::from(ids, {N})),
                    Contains("target 20000 at position 555"));
  CHECK_THROWS_AS(linear_cross_entropy(x[0], x[1], Tensor::from(ids, {N, 1})), ShapeError);
  CHECK_THROWS_AS(linear_cross_entropy(x[0], x[2], targets()), ShapeError);
}

TEST_CASE("the loss of a last layer takes no part of rows whose target is ignored") {
  std::vector<Tensor> x = operands();
  const Tensor wanted = linear_cross_entropy(x[0], x[1], targets(), x[2]);
  const std::vector<Tensor> expected = grad({wanted}, x);
  // Row 3 is ignored: not even NaN comes through.
  std::vector<double> spoilt = x[0].to_vector<double>();
  for (int64_t i = 0; i < D; ++i) spoilt[static_cast<std::size_t>(3 * D + i)] = NAN;
  x[0] = Tensor::from(spoilt, {N, D}).set_requires_grad();
  const Tensor loss = linear_cross_entropy(x[0], x[1], targets(), x[2]);
  CHECK(loss.item() == wanted.item());
  const std::vector<Tensor> found = grad({loss}, x);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(difference(found[i], expected[i]) == 0);

  const Tensor none = linear_cross_entropy(x[0], x[1], Tensor::full({N}, -100, int32), x[2]);
  CHECK(none.item() == 0);
  for (const Tensor& gradient : grad({none}, x)) CHECK(max(abs(gradient)).item() == 0);
}

TEST_CASE("the loss of a last layer never has all logits in memory") {
  const std::vector<Tensor> x = operands();
  release_cached_memory();
  const int64_t before = memory_stats().live_bytes;
  linear_cross_entropy(x[0], x[1], targets(), x[2]).backward();
  const MemoryStats after = memory_stats();  // free lists keep all that was ever needed
  CHECK(after.live_bytes + after.cached_bytes - before < 12 * N * V);  // whole: 16 N V
}
