// What is added to scores and what they are multiplied by; leading axes; attention without biases.
#include <map>

#include "../../layers/key_value_cache.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "../golden.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

TEST_CASE("bias, scale and leading axes that broadcast give PyTorch's context and gradients") {
  Golden golden("attention_bias");
  const std::map<std::string, std::optional<double>> cases = {
      {"bias_2", {}},    {"bias_of_heads_2", 0.25}, {"shared_keys_2", {}}, {"shared_query_2", -.5},
      {"bias_9", {}},    {"bias_of_heads_9", 0.25}, {"shared_keys_9", {}}, {"shared_query_9", -.5},
      {"three_axes", {}}};
  for (const auto& [name, scale] : cases) {
    for_each_seed(golden, name, [&, given = scale](GoldenCase& c) {
      const Tensor q = c.input("query"), k = c.input("key"), v = c.input("value"),
                   bias = c.input("bias");
      const AttentionInput in{.query = q, .key = k, .value = v, .bias = bias, .scale = given};
      c.check_output("context", scaled_dot_product_attention(in).context).backward();
      c.check_gradient("query", q);
      c.check_gradient("key", k);
      c.check_gradient("value", v);
      c.check_gradient("bias", bias);
    });
  }
}

TEST_CASE("multi-head attention without biases gives PyTorch's context and gradients") {
  Golden golden("attention_bias");
  for_each_seed(golden, "no_biases", [](GoldenCase& c) {
    MultiHeadAttention attention({.size = 15, .heads = 3, .bias = false});
    CHECK(parameters(attention).size() == 2);
    c.load(attention);
    const Tensor x = c.input("x"), memory = c.input("memory"), bias = c.input("bias");
    const Attended found = attention({.query = x, .key = memory, .value = memory, .bias = bias});
    c.check_output("context", found.context).backward();
    c.check_gradient("x", x);
    c.check_gradient("memory", memory);
    c.check_gradient("bias", bias);
    c.check_gradients(attention);
  });
  MultiHeadAttention attention({.size = 6, .heads = 2, .bias = false});
  const Tensor x = Tensor::randn({2, 4, 6});
  CHECK(difference(attention.self(x).context, attention({x, x, x}).context) < 1e-6);
  CHECK(difference(attention.self(x).context, attention(x, attention.project(x)).context) < 1e-6);
}

TEST_CASE("a scale holds whichever way attention is computed, also for the weights") {
  manual_seed(3);
  for (const int64_t T : {2, 20}) {  // at once, by tiles
    const Tensor q = leaf({2, 3, T, 4}), k = leaf({2, 3, 5, 4}), v = leaf({2, 3, 5, 6});
    const Tensor alpha = softmax(matmul(q, transpose(k, -2, -1)) * 0.3, -1);
    for (const bool recorded : {true, false}) {
      std::optional<NoGrad> none;
      if (!recorded) none.emplace();
      const Attended found =
          scaled_dot_product_attention({.query = q, .key = k, .value = v, .scale = 0.3});
      CHECK(difference(found.context, matmul(alpha, v)) < 1e-12);
      CHECK(difference(found.weights, alpha) < 1e-12);
    }
  }
}

TEST_CASE("keys of one text broadcast to queries of many, with and without tiles") {
  manual_seed(4);
  for (const int64_t T : {3, 30}) {
    const Tensor q = leaf({4, 2, T, 5}), k = leaf({1, 2, 6, 5}), v = leaf({1, 2, 6, 3});
    const auto broadcast = [&] { return scaled_dot_product_attention({q, k, v}).context; };
    const auto copied = [&] {
      return scaled_dot_product_attention(
                 {q, expand(k, {4, 2, 6, 5}).clone(), expand(v, {4, 2, 6, 3}).clone()})
          .context;
    };
    CHECK(gradient_difference(broadcast, copied, {q, k, v}) < 1e-12);
  }
  const Tensor none = Tensor::zeros({0, 2, 3, 5}), one = Tensor::zeros({1, 2, 3, 5});
  CHECK(scaled_dot_product_attention({none, one, one}).context.shape() == Shape{0, 2, 3, 5});
}

TEST_CASE("a query whose bias is -inf at every key gets zeros and no gradient") {
  manual_seed(5);
  const Tensor q = leaf({2, 3, 9, 4}), k = leaf({2, 3, 5, 4}), v = leaf({2, 3, 5, 4});
  const Tensor bias = Tensor::zeros({1, 9, 5}, q.dtype());
  select(bias, 1, 2).fill_(-INFINITY);
  for (const Tensor& keep : {Tensor(), Tensor::ones({2, 1, 1, 5}, boolean)}) {
    const Attended found = scaled_dot_product_attention(
        {.query = q, .key = k, .value = v, .keep = keep, .bias = bias});
    CHECK(max(abs(select(found.context, 2, 2))).item() == 0);
    CHECK(max(abs(select(found.weights, 2, 2))).item() == 0);
    const std::vector<Tensor> gradients = grad({sum(square(found.context))}, {q, k, v});
    CHECK(max(abs(select(gradients[0], 2, 2))).item() == 0);
    for (const Tensor& gradient : gradients) CHECK(all(isfinite(gradient)).item() == 1);
  }
}

TEST_CASE("a bias of the wrong type or shape is refused, and a keep of numbers points to it") {
  const Tensor x = Tensor::randn({2, 3, 4, 5});
  const auto with = [&](const Tensor& keep, const Tensor& bias) {
    return scaled_dot_product_attention(
        {.query = x, .key = x, .value = x, .keep = keep, .bias = bias});
  };
  CHECK_THROWS_WITH(with(Tensor::zeros({2, 3, 4, 4}), {}),
                    Contains("numbers that are added to scores are the bias"));
  CHECK_THROWS_WITH(with({}, Tensor::ones({2, 3, 4, 4}, boolean)),
                    Contains("a mask of true and false is the keep"));
  CHECK_THROWS_AS(with({}, Tensor::zeros({2, 3, 4, 4}, float64)), TypeError);
  CHECK_THROWS_WITH(with({}, Tensor::zeros({2, 3, 4, 5})),
                    Contains("the bias is [2, 3, 4, 5], expected [2, 3, 4, 4]"));
  CHECK_THROWS_AS(with({}, Tensor::zeros({4, 4})), ShapeError);
  CHECK_NOTHROW(with({}, Tensor::zeros({1, 4, 4})));
  CHECK_THROWS_WITH(
      scaled_dot_product_attention({x, slice(x, 0, 0, 1), Tensor::zeros({3, 3, 4, 5})}),
      Contains("leading axes differ"));
}

TEST_CASE("numbers added in self-attention are those of three products, also with few queries") {
  manual_seed(6);
  MultiHeadAttention attention({.size = 6, .heads = 2});
  to(attention, float64);
  for (const int64_t T : {1, 3, 12}) {
    const Tensor x = leaf({2, T, 6}), bias = leaf({1, 2, T, T});
    const auto self = [&] { return attention.self(x, {}, bias).context; };
    const auto products = [&] {
      return attention({.query = x, .key = x, .value = x, .bias = bias}).context;
    };
    CHECK(gradient_difference(self, products, leaves_of(attention, {x, bias})) < 1e-12);
    const auto projected = [&] { return attention(x, attention.project(x), {}, bias).context; };
    CHECK(gradient_difference(projected, products, leaves_of(attention, {x, bias})) < 1e-12);
    const NoGrad no_history;
    CHECK(difference(self(), products()) < 1e-12);
  }
  const Tensor x = Tensor::zeros({2, 3, 6}, float64);
  CHECK_THROWS_WITH(attention.self(x, {}, Tensor::zeros({2, 2, 3, 4}, float64)),
                    Contains("the bias is [2, 2, 3, 4], expected [2, 2, 3, 3]"));
  CHECK_THROWS_WITH(attention.self(x, {}, Tensor::zeros({1, 1, 3, 3})), Contains("the bias is"));
}

TEST_CASE("words that join others may have numbers added to their scores") {
  manual_seed(7);
  const MultiHeadAttention attention({.size = 6, .heads = 2});
  const Tensor x = Tensor::randn({2, 5, 6}), bias = Tensor::randn({1, 1, 5, 5});
  const NoGrad no_history;
  const Tensor whole = attention.self(x, causal_keep(5, 5), bias).context;
  KeyValueCache before;
  attention.self(slice(x, 1, 0, 3), causal_keep(3, 3), before);
  const Tensor rest =
      attention.self(slice(x, 1, 3, 5), causal_keep(2, 5), before, slice(bias, 2, 3, 5)).context;
  CHECK(difference(rest, slice(whole, 1, 3, 5)) < 1e-6);
}
