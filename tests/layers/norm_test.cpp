#include "../../layers/norm.hpp"
#include "../../core/error.hpp"
#include "../../layers/pooling.hpp"
#include "../golden.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

template <class Norm>
void check_norm(Golden& golden, const std::string& name, const Norm& make) {
  for_each_seed(golden, name, [&](GoldenCase& c) {
    auto norm = make();
    c.load(norm);
    const Tensor x = c.input("x");
    c.check_output("y", norm(x)).backward();
    c.check_gradient("x", x);
    c.check_gradients(norm);
  });
}

}  // namespace

TEST_CASE("norms of several axes, without biases and without weights give PyTorch's numbers") {
  Golden golden("norms");
  check_norm(golden, "layer_norm_axes", [] { return LayerNorm({7, 11}); });
  check_norm(golden, "layer_norm_no_bias", [] { return LayerNorm(11, 0.1, true, false); });
  check_norm(golden, "layer_norm_plain", [] { return LayerNorm({7, 11}, 0.1, false); });
  check_norm(golden, "rms_norm", [] { return RMSNorm(11); });
  check_norm(golden, "rms_norm_axes", [] { return RMSNorm({7, 11}, 0.1); });
  check_norm(golden, "rms_norm_plain", [] { return RMSNorm(11, {}, false); });
}

TEST_CASE("the mean and the largest of kept words have PyTorch's values and gradients") {
  Golden golden("norms");
  for_each_seed(golden, "pooling", [](GoldenCase& c) {
    const Tensor x = c.input("x"), keep = c.input("keep");
    const Tensor loss =
        c.check_output("mean", masked_mean(x, keep)) + c.check_output("max", masked_max(x, keep));
    loss.backward();
    c.check_gradient("x", x);
  });
}

TEST_CASE("layer_norm of several axes equals the composed one in value and every gradient") {
  manual_seed(21);
  const Tensor x = leaf({2, 3, 5, 7}), weight = leaf({5, 7}), bias = leaf({5, 7});
  const auto fused = [&] { return layer_norm(x, {5, 7}, weight, bias, 1e-3); };
  const auto twin = [&] { return composed::layer_norm(x, {5, 7}, weight, bias, 1e-3); };
  CHECK(gradient_difference(fused, twin, {x, weight, bias}) < 1e-12);
  const auto strided = [&] { return layer_norm(transpose(x, 1, 3), {5, 3}); };
  const auto strided_twin = [&] { return composed::layer_norm(transpose(x, 1, 3), {5, 3}); };
  CHECK(gradient_difference(strided, strided_twin, {x}) < 1e-12);
  const auto whole = [&] { return layer_norm(x, x.shape()); };
  CHECK(gradient_difference(whole, [&] { return composed::layer_norm(x, x.shape()); }, {x}) <
        1e-12);
  check_gradients(fused, {x, weight, bias});
}

TEST_CASE("the fused rms_norm equals the composed one in value and every gradient") {
  manual_seed(22);
  const Tensor x = leaf({2, 3, 5}), weight = leaf({5}), weights = leaf({3, 5});
  const auto fused = [&] { return rms_norm(x, weight, 1e-3); };
  const auto twin = [&] { return composed::rms_norm(x, weight, 1e-3); };
  CHECK(gradient_difference(fused, twin, {x, weight}) < 1e-12);
  check_gradients(fused, {x, weight});
  const auto axes = [&] { return rms_norm(x, {3, 5}, weights); };
  const auto axes_twin = [&] { return composed::rms_norm(x, {3, 5}, weights); };
  CHECK(gradient_difference(axes, axes_twin, {x, weights}) < 1e-12);
  const auto strided = [&] { return rms_norm(transpose(x, 0, 2)); };
  const auto strided_twin = [&] { return composed::rms_norm(transpose(x, 0, 2)); };
  CHECK(gradient_difference(strided, strided_twin, {x}) < 1e-12);
  const auto wide = [&] { return rms_norm(expand(weight, {4, 5}), weight); };
  const auto wide_twin = [&] { return composed::rms_norm(expand(weight, {4, 5}), weight); };
  CHECK(gradient_difference(wide, wide_twin, {weight}) < 1e-12);
}

TEST_CASE("RMSNorm without an eps adds the element type's machine epsilon") {
  const Tensor zero = Tensor::zeros({1, 3}, float64);
  CHECK(difference(rms_norm(zero), zero) == 0);
  const Tensor tiny = Tensor::full({1, 3}, 1e-8, float64);
  CHECK(rms_norm(tiny).at({0, 0}) == Approx(1e-8 / std::sqrt(1e-16 + 2.220446049250313e-16)));
  const Tensor small = Tensor::full({1, 3}, 1e-4);
  CHECK(rms_norm(small).at({0, 0}) == Approx(1e-4 / std::sqrt(1e-8 + 1.1920929e-7)));
  CHECK(rms_norm(small, {}, 0.0).at({0, 0}) == Approx(1));
  const Tensor nothing = Tensor::zeros({0, 3});
  CHECK(rms_norm(nothing).shape() == Shape{0, 3});
}

TEST_CASE("norms are cloned with their sizes, eps, and what they lack") {
  const LayerNorm plain = clone(LayerNorm({3, 5}, 0.1, false));
  CHECK(plain.normalized_shape == Shape{3, 5});
  CHECK(plain.eps == 0.1);
  CHECK(state_dict(plain).empty());
  CHECK(state_dict(clone(LayerNorm(3, 1e-5, true, false))).size() == 1);
  CHECK(clone(LayerNorm({3, 5})).bias.shape() == Shape{3, 5});
  CHECK(!clone(RMSNorm(3)).eps);
  CHECK(clone(RMSNorm({3, 5}, 0.5)).eps == 0.5);
  CHECK(state_dict(clone(RMSNorm(3, {}, false))).empty());
  const RMSNorm first(3);
  CHECK(difference(first.weight, Tensor::ones({3})) == 0);
  const int64_t D = 5;
  CHECK(LayerNorm{D}.normalized_shape == Shape{5});
}

TEST_CASE("norms say which shapes, types and numbers they expect") {
  const Tensor x = Tensor::ones({2, 3, 5});
  CHECK_THROWS_WITH(LayerNorm({3, 4})(x),
                    Contains("x is [2, 3, 5], expected last axes of the sizes [3, 4]"));
  CHECK_THROWS_WITH(RMSNorm({2, 2, 3, 5})(x), Contains("rms_norm: x is [2, 3, 5]"));
  CHECK_THROWS_WITH(LayerNorm(4, 0.1, false)(x), Contains("of the sizes [4]"));
  CHECK_THROWS_WITH(layer_norm(x, Shape{}, Tensor()), Contains("at least one"));
  CHECK_THROWS_WITH(layer_norm(x, {3, 5}, Tensor::ones({5})),
                    Contains("weight is [5], expected [3, 5]"));
  CHECK_THROWS_AS(rms_norm(x, Tensor::ones({5}, float64)), TypeError);
  CHECK_THROWS_WITH(rms_norm(Tensor::scalar(1)), Contains("x is a scalar"));
  CHECK_THROWS_AS(rms_norm(Tensor::ones({3}, int32)), TypeError);
  CHECK_THROWS_WITH(LayerNorm({3, 0}), Contains("LayerNorm: size is 0, expected at least 1"));
  CHECK_THROWS_WITH(RMSNorm(Shape{}), Contains("RMSNorm: no size"));
  CHECK_THROWS_AS(RMSNorm(3, -1.0), ConfigError);
  CHECK_THROWS_AS(LayerNorm(3, NAN), ConfigError);
}

TEST_CASE("what stands at padding changes no mean and no maximum, and gets no gradient") {
  manual_seed(23);
  const Tensor keep = keep_of({3, 0, 5, 1}, 5), x = leaf({4, 5, 3});
  for (const auto pool : {masked_mean, masked_max}) {
    const Tensor y = pool(x, keep);
    CHECK(difference(select(y, 0, 1), Tensor::zeros({3}, float64)) == 0);
    CHECK(difference(select(y, 0, 3), select(select(x, 0, 3), 0, 0)) == 0);
    for (const double noise : {1e30, static_cast<double>(INFINITY), static_cast<double>(NAN)}) {
      Tensor spoilt = masked_fill(x.detach(), unsqueeze(logical_not(keep), 2), noise);
      spoilt.set_requires_grad();
      const Tensor of_spoilt = pool(spoilt, keep);
      CHECK(difference(of_spoilt, y) == 0);
      const Tensor gradient = grad({mixed(of_spoilt)}, {spoilt})[0];
      CHECK(difference(gradient, grad({mixed(pool(x, keep))}, {x})[0]) == 0);
      const Tensor padding = unsqueeze(keep, 2).to(float64);
      CHECK(difference(gradient * padding, gradient) == 0);
    }
    check_gradients([&] { return pool(x, keep); }, {x});
    check_gradients([&] { return pool(x, Tensor()); }, {x});
    CHECK(difference(pool(x, Tensor()), pool(x, keep_of({5, 5, 5, 5}, 5))) < 1e-15);
    CHECK(pool(Tensor::zeros({2, 0, 3}), Tensor()).shape() == Shape{2, 3});
    CHECK(difference(pool(Tensor::zeros({2, 0, 3}), keep_of({0, 0}, 0)), Tensor::zeros({2, 3})) ==
          0);
    CHECK(pool(select(x, 0, 0), select(keep, 0, 0)).shape() == Shape{3});
    CHECK_THROWS_WITH(pool(x, keep_of({3, 2}, 5)), Contains("keep is [2, 5], expected [4, 5]"));
    CHECK_THROWS_WITH(pool(x, Tensor::ones({4, 5})), Contains("keep is float32, expected bool"));
    CHECK_THROWS_WITH(pool(Tensor::ones({3}), Tensor()), Contains("expected [..., words"));
    CHECK_THROWS_AS(pool(Tensor::ones({2, 3}, int32), Tensor()), TypeError);
  }
}

TEST_CASE("a norm that was moved from says so, and one without weights needs none") {
  const Tensor x = Tensor::randn({2, 3});
  LayerNorm layer(3);
  RMSNorm rms(3);
  const LayerNorm other = std::move(layer);
  const RMSNorm another = std::move(rms);
  CHECK_THROWS_WITH(layer(x), "LayerNorm: this module was moved from");
  CHECK_THROWS_WITH(rms(x), "RMSNorm: this module was moved from");
  CHECK_NOTHROW(other(x));
  CHECK_NOTHROW(LayerNorm(3, 1e-5, false)(x));
  CHECK_NOTHROW(clone(RMSNorm(3, {}, false))(x));
}

TEST_CASE("words that are all -inf share the gradient of their maximum with no padding") {
  Tensor x = Tensor::full({2, 4, 1}, -INFINITY, float64);
  x.set_requires_grad();
  const Tensor y = masked_max(x, keep_of({2, 0}, 4));
  CHECK(y.to_vector<double>() == std::vector<double>{-INFINITY, 0});
  CHECK(grad({y}, {x})[0].to_vector<double>() == std::vector<double>{0.5, 0.5, 0, 0, 0, 0, 0, 0});
}
