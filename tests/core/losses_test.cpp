// Losses: what they are made of, where targets, weights and shapes are at their edges, and what they
// refuse.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using Catch::Contains;
using namespace heed;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

Tensor ids(std::initializer_list<double> values, const Shape& shape) {
  return Tensor::of(values, shape, int32);
}
Tensor leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(); }
double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  return max(abs(a - b)).item();
}

}  // namespace

TEST_CASE("a loss of two shapes that would grow by broadcasting says what to write") {
  const Tensor column = Tensor::ones({3, 1}), row = Tensor::ones({3});
  const std::string told =
      ": x [3, 1] and the target [3] have two shapes, and a loss does not broadcast: [N, 1] and "
      "[N] "
      "would make N^2 losses: write reshape(target, x.shape())";
  CHECK_THROWS_WITH(mse_loss(column, row), "mse_loss" + told);
  CHECK_THROWS_WITH(l1_loss(column, row), "l1_loss" + told);
  CHECK_THROWS_WITH(binary_cross_entropy(column, row), "binary_cross_entropy" + told);
  CHECK_THROWS_WITH(binary_cross_entropy_with_logits(column, row),
                    "binary_cross_entropy_with_logits" + told);
  CHECK_THROWS_WITH(kl_div(column, row), "kl_div" + told);
  CHECK_THROWS_WITH(mse_loss(Tensor::ones({2, 3}), row),
                    Contains("if that is meant write expand(target, x.shape())"));
  CHECK_THROWS_WITH(mse_loss(Tensor::ones({2}), row), Contains("N^2 losses"));
  CHECK_THROWS_AS(mse_loss(Tensor::ones({}), row), ShapeError);
}

TEST_CASE("a loss names the element type that its target should have") {
  const Tensor x = Tensor::ones({2}), whole = ids({1, 0}, {2});
  CHECK_THROWS_WITH(binary_cross_entropy(x, whole),
                    "binary_cross_entropy: x is float32, the target int32; write "
                    "target.to(float32)");
  CHECK_THROWS_WITH(binary_cross_entropy_with_logits(x.to(float64), x),
                    Contains("write target.to(float64)"));
  CHECK_THROWS_WITH(kl_div(x, whole), Contains("needs float32 or float64, got int32"));
  CHECK_THROWS_WITH(l1_loss(whole, whole), Contains("needs float32 or float64, got int32"));
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(x, x, Reduction::mean, x.to(float64)),
                  TypeError);
  CHECK_THROWS_WITH(nll_loss(Tensor::ones({2, 3}), x), Contains("the target must be int32"));
  CHECK_THROWS_AS(nll_loss(whole, Tensor::zeros({}, int32)), TypeError);
}

TEST_CASE("the mean over the batch is for kl_div alone") {
  const Tensor x = Tensor::ones({2, 3});
  CHECK_THROWS_WITH(mse_loss(x, x, Reduction::batchmean),
                    "mse_loss: Reduction::batchmean is for kl_div; take mean, sum or none");
  CHECK_THROWS_AS(cross_entropy(x, ids({0, 1}, {2}), {.reduction = Reduction::batchmean}),
                  ConfigError);
  CHECK_THROWS_AS(nll_loss(x, ids({0, 1}, {2}), {.reduction = Reduction::batchmean}), ConfigError);
  CHECK(kl_div(x, x, Reduction::batchmean).item() == Approx(-3));
  CHECK(kl_div(x, x).item() == Approx(-1));
}

TEST_CASE("scores and targets that do not fit say how they would") {
  const Tensor scores = Tensor::ones({2, 7, 5});
  CHECK_THROWS_WITH(cross_entropy(scores, Tensor::zeros({2, 7}, int32)),
                    Contains("[2, 7, 5] and [2, 7]; the classes are axis 1: write reshape(x, "
                             "{-1, 5}) and reshape(target, {-1})"));
  CHECK_THROWS_WITH(nll_loss(Tensor::ones({4, 5}), Tensor::zeros({4, 1}, int32)),
                    Contains("nll_loss") && Contains("write squeeze(target, 1)"));
  CHECK_THROWS_WITH(cross_entropy(Tensor::ones({4, 5}), Tensor::ones({4, 5})),
                    Contains("a target is the id of a class, not its probabilities"));
  CHECK_THROWS_AS(cross_entropy(Tensor::ones({}), ids({0}, {})), ShapeError);
  CHECK_THROWS_WITH(
      cross_entropy(Tensor::ones({4, 5}), Tensor::zeros({4}, int32), {.weight = Tensor::ones({4})}),
      Contains("needs a weight [5], one for each class, got [4]"));
  CHECK_THROWS_WITH(nll_loss(Tensor::ones({2, 3}), ids({0, 3}, {2})),
                    "nll_loss: target 3 at position 1 is out of range [0, 3)");
  CHECK_THROWS_AS(
      cross_entropy(Tensor::ones({2, 3}), ids({0, 3}, {2}), {.weight = Tensor::ones({3})}),
      IndexError);
}

TEST_CASE("logits of any rank have the loss of their rows, and the gradient") {
  manual_seed(3);
  const Tensor x = leaf(Tensor::randn({2, 5, 3, 2}, float64));
  const Tensor target = ids({0, 4, 1, 2, -100, 3, 1, 1, 0, 2, 4, 3}, {2, 3, 2});
  const Tensor rows = reshape(permute(x, {0, 2, 3, 1}), {12, 5}), flat = reshape(target, {12});
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    const CrossEntropyOptions options{.label_smoothing = 0.1, .reduction = reduction};
    const Tensor y = cross_entropy(x, target, options), each = cross_entropy(rows, flat, options);
    CHECK(difference(y, reshape(each, y.shape())) == 0);
    const Tensor slope = grad({sum(y)}, {x}, {.retain = true})[0];
    CHECK(difference(slope, grad({sum(each)}, {x}, {.retain = true})[0]) == 0);
  }
  CHECK(cross_entropy(select(rows, 0, 0), ids({0}, {})).item() ==
        Approx(cross_entropy(slice(rows, 0, 0, 1), ids({0}, {1})).item()));
}

TEST_CASE("class weights of 1 change nothing, and nll_loss takes what log_softmax gives") {
  manual_seed(4);
  const Tensor x = leaf(Tensor::randn({7, 5}, float64));
  const Tensor target = ids({0, 4, -100, 2, 2, 3, 1}, {7}), ones = Tensor::ones({5}, float64);
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    const Tensor plain = cross_entropy(x, target, {.reduction = reduction});
    const Tensor weighted = cross_entropy(x, target, {.weight = ones, .reduction = reduction});
    const Tensor composed = nll_loss(log_softmax(x), target, {.reduction = reduction});
    for (const Tensor& y : {weighted, composed}) {
      CHECK(difference(y, plain) < 1e-14);
      CHECK(difference(grad({sum(y)}, {x}, {.retain = true})[0],
                       grad({sum(plain)}, {x}, {.retain = true})[0]) < 1e-14);
    }
  }
}

TEST_CASE("class weights reach the loss of a last layer") {
  manual_seed(5);
  const Tensor x = Tensor::randn({4, 3}), layer = Tensor::randn({5, 3});
  const Tensor target = ids({0, 4, 1, -100}, {4});
  const CrossEntropyOptions options{.weight = Tensor::of({1, 2, 3, 4, 0.5}, {5})};
  CHECK(linear_cross_entropy(x, layer, target, {}, options).item() ==
        cross_entropy(linear(x, layer), target, options).item());
  CHECK_THROWS_WITH(linear_cross_entropy(Tensor::ones({2, 4, 3}), layer, target),
                    Contains("write reshape(x, {-1, 3}) and reshape(target, {-1})"));
}

TEST_CASE("targets that are all ignored, or have weight 0, give loss 0 and gradient 0") {
  const Tensor x = leaf(Tensor::full({2, 3}, -inf)), ignored = ids({-100, -100}, {2});
  const Tensor y = nll_loss(x, ignored);
  CHECK(y.item() == 0);
  CHECK(max(abs(grad({y}, {x})[0])).item() == 0);
  CHECK(cross_entropy(Tensor::ones({2, 3}), ignored, {.weight = Tensor::ones({3})}).item() == 0);
  CHECK(cross_entropy(Tensor::ones({2, 3}), ids({1, 1}, {2}), {.weight = Tensor::zeros({3})})
            .item() == 0);
}

TEST_CASE("binary_cross_entropy takes probabilities and says so") {
  const Tensor target = Tensor::of({0, 1}, {2});
  CHECK_THROWS_WITH(binary_cross_entropy(Tensor::of({0.5, -3}, {2}), target),
                    "binary_cross_entropy: needs probabilities in [0, 1], got -3; for logits write "
                    "binary_cross_entropy_with_logits");
  CHECK_THROWS_AS(binary_cross_entropy(Tensor::of({0.5, 1.5}, {2}), target), NumericError);
  CHECK_THROWS_AS(binary_cross_entropy(Tensor::of({0.5, std::nan("")}, {2}), target), NumericError);
  CHECK(binary_cross_entropy(Tensor::of({1, 0}, {2}), target).item() == 100);
  CHECK(binary_cross_entropy(target, target).item() == 0);
}

TEST_CASE("the loss of logits keeps its digits in both tails and has finite gradients there") {
  const Tensor x = leaf(Tensor::of({-40, 40, 700, -700}, {4}, float64));
  const Tensor target = Tensor::of({0, 1, 1, 0}, {4}, float64);
  const Tensor y = binary_cross_entropy_with_logits(x, target, Reduction::none);
  CHECK(y.at({0}) == Approx(std::exp(-40.0)).epsilon(1e-14).margin(0));
  CHECK(y.at({1}) == Approx(std::exp(-40.0)).epsilon(1e-14).margin(0));
  CHECK(grad({sum(y)}, {x})[0].at({1}) == Approx(-std::exp(-40.0)).epsilon(1e-14).margin(0));
  CHECK(all(isfinite(y)).item() == 1);
  CHECK_THROWS_WITH(
      binary_cross_entropy_with_logits(x, target, Reduction::mean, Tensor::ones({2, 4}, float64)),
      Contains("pos_weight [2, 4] does not broadcast to the target [4]"));
}

TEST_CASE("kl_div of distributions with the same mask is finite, and so are its gradients") {
  const Tensor keep = gt(Tensor::of({1, 1, 0, 1, 0, 1}, {2, 3}), 0.5);
  const Tensor x = leaf(Tensor::of({1, 2, 3, 4, 5, 6}, {2, 3}));
  const Tensor t = Tensor::of({3, 1, 2, 0, 1, 2}, {2, 3});
  const Tensor from = softmax(t, -1, keep), logs = log_softmax(t, -1, keep);
  const Tensor y = kl_div(log_softmax(x, -1, keep), from, Reduction::batchmean);
  const Tensor same = kl_div(log_softmax(x, -1, keep), logs, Reduction::batchmean, true);
  CHECK(y.item() > 0);
  CHECK(same.item() == Approx(y.item()));
  const Tensor slope = grad({y}, {x})[0];
  CHECK(all(isfinite(slope)).item() == 1);
  CHECK(difference(slope, grad({same}, {x})[0]) < 1e-6);
  CHECK(kl_div(logs, from, Reduction::sum).item() == Approx(0).margin(1e-6));
}
