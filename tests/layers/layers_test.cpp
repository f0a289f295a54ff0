#include "../../core/error.hpp"
#include "../../layers/dropout.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/norm.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

TEST_CASE("Linear computes x W^T + b, with the gradients of central differences") {
  manual_seed(1);
  Linear layer(3, 5);
  to(layer, float64);
  const Tensor x = leaf({2, 7, 3});
  const Tensor expected = matmul(x, transpose(layer.weight, 0, 1)) + layer.bias;
  CHECK(difference(layer(x), expected) < 1e-14);
  check_gradients([&] { return layer(x); }, leaves_of(layer, {x}));
}

TEST_CASE("layers refuse sizes and probabilities out of range") {
  CHECK_THROWS_WITH(Linear(0, 2), Contains("Linear: in is 0, expected at least 1"));
  CHECK_THROWS_AS(Embedding(5, -1), ConfigError);
  CHECK_THROWS_WITH(Embedding(5, 3, 5), Contains("padding_index is 5"));
  CHECK_THROWS_AS(Dropout(1.0), ConfigError);
  CHECK_THROWS_AS(Dropout(NAN), ConfigError);
  CHECK_THROWS_AS(LayerNorm(0), ConfigError);
}

TEST_CASE("Embedding gives rows, and its padding row starts zero and gets no gradient") {
  manual_seed(2);
  const Embedding layer(7, 3, 2);
  const Tensor ids = Tensor::of({2, 5, 5, 0}, {2, 2}, int32);
  const Tensor y = layer(ids);
  CHECK(y.shape() == Shape{2, 2, 3});
  CHECK(difference(select(select(y, 0, 0), 0, 0), Tensor::zeros({3})) == 0);
  CHECK(difference(select(select(y, 0, 0), 0, 1), select(layer.weight, 0, 5)) == 0);
  sum(y).backward();
  CHECK(difference(select(layer.weight.grad(), 0, 2), Tensor::zeros({3})) == 0);
  CHECK(difference(select(layer.weight.grad(), 0, 5), Tensor::full({3}, 2)) == 0);
  CHECK_THROWS_AS(layer(Tensor::of({7}, {1}, int32)), IndexError);
}

TEST_CASE("Embedding takes vectors that were trained elsewhere, frozen or not") {
  const Tensor vectors = Tensor::of({1, 2, 3, 4, 5, 6}, {3, 2}, float64);
  Embedding layer = Embedding::from_pretrained(vectors);
  CHECK(difference(layer(Tensor::of({2, 0}, {2}, int32)),
                   Tensor::of({5, 6, 1, 2}, {2, 2}, float64)) == 0);
  CHECK(!layer.weight.requires_grad());
  CHECK(!layer.weight.array().shares_storage_with(vectors.array()));
  CHECK(!clone(layer).weight.requires_grad());
  unfreeze(layer);
  CHECK(layer.weight.requires_grad());
  const Embedding trained = Embedding::from_pretrained(vectors, false, 1);
  CHECK(trained.weight.requires_grad());
  CHECK(trained.padding_index == 1);
  CHECK(difference(trained.weight, vectors) == 0);
  CHECK_THROWS_WITH(Embedding::from_pretrained(Tensor::ones({3})), Contains("[vocabulary, size]"));
  CHECK_THROWS_AS(Embedding::from_pretrained(Tensor::ones({3, 2}, int32)), TypeError);
  CHECK_THROWS_AS(Embedding::from_pretrained(vectors, true, 3), ConfigError);
}

TEST_CASE("Dropout keeps the expectation, and the same seed gives the same zeros") {
  const Dropout layer(0.25);
  const Tensor x = Tensor::ones({10007});
  manual_seed(3);
  const Tensor a = layer(x);
  CHECK(std::abs(mean(a).item() - 1) < 0.02);
  CHECK(difference(layer(x), a) > 0);
  manual_seed(3);
  CHECK(difference(layer(x), a) == 0);
}

TEST_CASE("Dropout of a relu and beside a residual is the composition, in training and after") {
  manual_seed(6);
  Dropout layer(0.25);
  const Tensor x = Tensor::randn({7, 11}, float64), y = Tensor::randn({7, 11}, float64);
  for (const bool training : {true, false}) {
    layer.training = training;
    const auto drawn = [&](const auto& f) {
      manual_seed(7);
      return f();
    };
    CHECK(difference(drawn([&] { return layer.relu(x); }), drawn([&] { return layer(relu(x)); })) ==
          0);
    CHECK(difference(drawn([&] { return layer.add(x, y); }), drawn([&] { return x + layer(y); })) <
          1e-14);
  }
}

TEST_CASE("the fused layer_norm equals the composed one in value and every gradient") {
  manual_seed(4);
  const Tensor x = leaf({2, 3, 11}), weight = leaf({11}), bias = leaf({11});
  const auto fused = [&] { return layer_norm(x, weight, bias, 1e-3); };
  const auto twin = [&] { return composed::layer_norm(x, weight, bias, 1e-3); };
  CHECK(gradient_difference(fused, twin, {x, weight, bias}) < 1e-12);
  CHECK(gradient_difference([&] { return layer_norm(x); }, [&] { return composed::layer_norm(x); },
                            {x}) < 1e-12);
  const auto strided = [&] { return layer_norm(transpose(x, 0, 1), weight); };
  const auto strided_twin = [&] { return composed::layer_norm(transpose(x, 0, 1), weight); };
  CHECK(gradient_difference(strided, strided_twin, {x, weight}) < 1e-12);
}

TEST_CASE(
    "LayerNorm gives rows of mean 0 and variance 1 at the start, and central differences hold") {
  manual_seed(5);
  LayerNorm layer(13);
  to(layer, float64);
  const Tensor x = leaf({3, 13});
  const Tensor y = layer(x);
  CHECK(difference(mean(y, {-1}), Tensor::zeros({3}, float64)) < 1e-12);
  CHECK(difference(var(y, {-1}, false, 0), Tensor::ones({3}, float64)) < 1e-4);
  check_gradients([&] { return layer(x); }, leaves_of(layer, {x}));
  CHECK_THROWS_WITH(layer(Tensor::ones({3, 12}, float64)), Contains("sizes [13]"));
  CHECK_THROWS_AS(layer(Tensor::ones({3, 13})), TypeError);
}
