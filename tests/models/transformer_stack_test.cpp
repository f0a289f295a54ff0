// Encoder and decoder layers one after the other, outside of a translation model.
#include "../../models/transformer.hpp"
#include "../golden.hpp"
#include "model_support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;
using model_support::difference;

TEST_CASE("the stacks of a Transformer's layers give PyTorch's outputs and gradients") {
  Golden golden("attention_bias");
  TransformerLayerConfig layer{.d_model = 15, .heads = 3, .feed_forward = 7, .dropout = 0};
  layer.layer_norm_eps = 0.01;
  for_each_seed(golden, "encoder", [&](GoldenCase& c) {
    TransformerEncoder encoder({.layer = layer, .layers = 2, .last_norm = false});
    c.load(encoder);
    const Tensor x = c.input("x");
    c.check_output("y", encoder(x, c.input("keep"))).backward();
    c.check_gradient("x", x);
    c.check_gradients(encoder);
  });
  layer.layer_norm_eps = 1e-5;
  layer.norm = NormPlace::pre;
  for_each_seed(golden, "decoder", [&](GoldenCase& c) {
    TransformerDecoder decoder({.layer = layer, .layers = 2});
    c.load(decoder);
    const Tensor x = c.input("x"), memory = c.input("memory");
    const int64_t T = x.size(1);
    c.check_output("y", decoder(x, memory, causal_keep(T, T), c.input("keep"))).backward();
    c.check_gradient("x", x);
    c.check_gradient("memory", memory);
    c.check_gradients(decoder);
  });
}

TEST_CASE("stacks with numbers added to their scores give PyTorch's outputs and gradients") {
  Golden golden("attention_bias");
  const TransformerLayerConfig layer{.d_model = 15, .heads = 3, .feed_forward = 7, .dropout = 0};
  for_each_seed(golden, "encoder_bias", [&](GoldenCase& c) {
    TransformerEncoder encoder({.layer = layer, .layers = 2, .last_norm = false});
    c.load(encoder);
    const Tensor x = c.input("x"), bias = c.input("bias");
    c.check_output("y", encoder(x, {}, bias)).backward();
    c.check_gradient("x", x);
    c.check_gradient("bias", bias);
    c.check_gradients(encoder);
  });
  for_each_seed(golden, "decoder_bias", [&](GoldenCase& c) {
    TransformerDecoder decoder({.layer = layer, .layers = 2, .last_norm = false});
    c.load(decoder);
    const Tensor x = c.input("x"), memory = c.input("memory"), bias = c.input("bias"),
                 of_memory = c.input("memory_bias");
    const auto of_all = [](const Tensor& t) { return unsqueeze(t, 0); };
    c.check_output("y", decoder(x, memory, {}, {}, of_all(bias), of_all(of_memory))).backward();
    c.check_gradient("x", x);
    c.check_gradient("memory", memory);
    c.check_gradient("bias", bias);
    c.check_gradient("memory_bias", of_memory);
    c.check_gradients(decoder);
  });
}

TEST_CASE("a Transformer layer without biases gives PyTorch's outputs and gradients") {
  Golden golden("attention_bias");
  for_each_seed(golden, "layer_without_biases", [](GoldenCase& c) {
    TransformerEncoderLayer layer(
        {.d_model = 15, .heads = 3, .feed_forward = 7, .dropout = 0, .bias = false});
    c.load(layer);
    const Tensor x = c.input("x");
    c.check_output("y", layer(x).y).backward();
    c.check_gradient("x", x);
    c.check_gradients(layer);
  });
}

TEST_CASE("a stack of encoder layers is a module like any other") {
  manual_seed(5);
  TransformerEncoder encoder({.layer = {.d_model = 8, .heads = 2, .feed_forward = 6}, .layers = 3});
  CHECK(encoder.layers.size() == 3);
  CHECK(encoder.norm.has_value());
  eval(encoder);
  const Tensor x = Tensor::randn({2, 4, 8});
  CHECK(difference(clone(encoder)(x), encoder(x)) == 0);
  // With causal_keep no word sees those after it.
  const Tensor ahead = encoder(x, causal_keep(4, 4)), first = encoder(slice(x, 1, 0, 1));
  CHECK(difference(slice(ahead, 1, 0, 1), first) < 1e-6);
  const TransformerEncoder other = std::move(encoder);
  CHECK_THROWS_WITH(encoder(x), "TransformerEncoder: this module was moved from");
  TransformerDecoder decoder({.layer = {.d_model = 8, .heads = 2, .feed_forward = 6}, .layers = 1});
  const TransformerDecoder taken = std::move(decoder);
  CHECK_THROWS_WITH(decoder(x, x), "TransformerDecoder: this module was moved from");
  CHECK_THROWS_WITH(TransformerEncoder({.layers = 0}), Contains("TransformerEncoder"));
}

TEST_CASE("numbers added to the scores of every layer hide words at -inf, and are learnt else") {
  manual_seed(6);
  const TransformerLayerConfig layer{.d_model = 8, .heads = 2, .feed_forward = 6, .dropout = 0};
  TransformerEncoder encoder({.layer = layer, .layers = 2});
  TransformerDecoder decoder({.layer = layer, .layers = 2});
  const Tensor x = Tensor::randn({2, 4, 8}), memory = Tensor::randn({2, 3, 8});
  const Tensor ahead =
      masked_fill(Tensor::zeros({1, 4, 4}), logical_not(causal_keep(4, 4)), -INFINITY);
  CHECK(difference(encoder(x, {}, ahead), encoder(x, causal_keep(4, 4))) < 1e-6);
  const Tensor words = Tensor::of({1, 1, 1, 1, 0, 0}, {2, 3}, boolean);
  const Tensor padding = masked_fill(Tensor::zeros({2, 1, 1, 3}),
                                     reshape(logical_not(words), {2, 1, 1, 3}), -INFINITY);
  CHECK(difference(decoder(x, memory, {}, {}, ahead, padding),
                   decoder(x, memory, causal_keep(4, 4), words)) < 1e-6);

  Tensor of_target = Tensor::randn({2, 2, 4, 4}).set_requires_grad();
  Tensor of_source = Tensor::randn({1, 1, 4, 3}).set_requires_grad();
  const Tensor y = decoder(x, memory, {}, {}, of_target, of_source);
  for (const Tensor& gradient : grad({sum(square(y - 1.0))}, {of_target, of_source})) {
    CHECK(max(abs(gradient)).item() > 0);
  }
  CHECK_THROWS_WITH(decoder(x, memory, {}, {}, {}, Tensor::zeros({2, 1, 4, 4})),
                    Contains("the bias is [2, 1, 4, 4], expected [2, 2, 4, 3]"));
}
