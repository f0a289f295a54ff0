#include "../../layers/multi_head_attention.hpp"
#include "../../layers/feed_forward.hpp"
#include "../../layers/key_value_cache.hpp"
#include "../../layers/positions.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

/// Eq. (1) for one query, number by number.
std::vector<double> attention_by_hand(const std::vector<double>& q,
                                      const std::vector<std::vector<double>>& keys,
                                      const std::vector<std::vector<double>>& values) {
  std::vector<double> weights;
  double total = 0;
  for (const auto& key : keys) {
    double e = 0;
    for (std::size_t i = 0; i < q.size(); ++i) e += q[i] * key[i];
    weights.push_back(std::exp(e / std::sqrt(static_cast<double>(q.size()))));
    total += weights.back();
  }
  std::vector<double> context(values[0].size(), 0.0);
  for (std::size_t j = 0; j < keys.size(); ++j) {
    for (std::size_t i = 0; i < context.size(); ++i)
      context[i] += weights[j] / total * values[j][i];
  }
  return context;
}

}  // namespace

TEST_CASE("scaled dot-product attention is eq. (1)") {
  const Tensor q = Tensor::of({0.5, -1, 2}, {1, 3}, float64);
  const Tensor k = Tensor::of({1, 0, 0.5, -2, 1, 1}, {2, 3}, float64);
  const Tensor v = Tensor::of({3, 4, -5, 6}, {2, 2}, float64);
  const auto expected =
      attention_by_hand({0.5, -1, 2}, {{1, 0, 0.5}, {-2, 1, 1}}, {{3, 4}, {-5, 6}});
  const Attended found = scaled_dot_product_attention({q, k, v});
  CHECK(found.context.at({0, 0}) == Approx(expected[0]));
  CHECK(found.context.at({0, 1}) == Approx(expected[1]));
}

TEST_CASE("queries and keys without numbers weigh all values equally, however many they are") {
  for (const int64_t T : {2, 20}) {
    const Tensor empty = Tensor::zeros({1, T, 0}), v = Tensor::randn({1, T, 3});
    const Attended found = scaled_dot_product_attention({empty, empty, v});
    CHECK(difference(found.context, expand(mean(v, {1}, true), v.shape())) < 1e-6);
    CHECK(difference(found.weights, Tensor::full({1, T, T}, 1.0 / static_cast<double>(T))) < 1e-7);
  }
}

TEST_CASE("a query that may look nowhere gets zeros, and its gradient is zero") {
  const Tensor q = leaf({1, 2, 3}), k = leaf({1, 5, 3}), v = leaf({1, 5, 2});
  const Tensor keep = cat({Tensor::zeros({1, 1, 5}), Tensor::ones({1, 1, 5})}, 1).to(boolean);
  const Attended found = scaled_dot_product_attention({q, k, v, keep});
  CHECK(sum(abs(slice(found.context, 1, 0, 1))).item() == 0);
  CHECK(sum(slice(found.weights, 1, 0, 1)).item() == 0);
  CHECK(sum(slice(found.weights, 1, 1, 2)).item() == Approx(1));
  const Tensor d = grad({sum(found.context)}, {q})[0];
  CHECK(sum(abs(slice(d, 1, 0, 1))).item() == 0);
}

TEST_CASE("causal_keep hides what comes later, also after words that are there already") {
  CHECK(causal_keep(3, 3).to_vector<bool>() ==
        std::vector<bool>{true, false, false, true, true, false, true, true, true});
  CHECK(causal_keep(2, 4).to_vector<bool>() ==
        std::vector<bool>{true, true, true, false, true, true, true, true});
  CHECK(causal_keep(1, 7).to(float32).to_vector<float>() == std::vector<float>(7, 1.0f));
}

TEST_CASE("one product for query, key and value is the same as three") {
  manual_seed(2);
  MultiHeadAttention layer({.size = 15, .heads = 3});
  to(layer, float64);
  const Tensor x = leaf({2, 7, 15});
  const Tensor keep = keep_of({7, 4}, 7);
  const auto fused = [&] { return layer.self(x, keep).context; };
  const auto separate = [&] { return layer({x, x, x, keep}).context; };
  const auto shared = [&] { return layer(x, layer.project(x), keep).context; };
  const auto leaves = leaves_of(layer, {x});
  CHECK(gradient_difference(fused, separate, leaves) < 1e-12);
  CHECK(gradient_difference(fused, shared, leaves) < 1e-12);
}

TEST_CASE("multi-head attention passes the gradient check, masked and causal") {
  MultiHeadAttention layer({.size = 6, .heads = 2});
  to(layer, float64);
  const Tensor x = leaf({2, 3, 6}), memory = leaf({2, 5, 6}), keep = keep_of({5, 2}, 5);
  check_gradients([&] { return layer(x, layer.project(memory), keep).context; },
                  leaves_of(layer, {x, memory}));
  check_gradients([&] { return layer.self(x, causal_keep(3, 3)).context; }, leaves_of(layer, {x}));
}

TEST_CASE("a text attends to itself in pieces as at once, with every option") {
  using enum SelfPositions;
  const std::vector<MultiHeadAttentionConfig> variants{
      {.size = 12, .heads = 3},
      {.size = 12, .heads = 6, .kv_heads = 2},
      {.size = 12, .heads = 3, .window = 2},
      {.size = 12, .heads = 3, .positions = relative, .distance = 2},
      {.size = 12, .heads = 3, .positions = rotary},
      {.size = 12, .heads = 3, .positions = alibi},
      {.size = 12, .heads = 6, .kv_heads = 1, .window = 3, .positions = rotary}};
  NoGrad no_grad;
  for (const MultiHeadAttentionConfig& config : variants) {
    MultiHeadAttention layer(config);
    to(layer, float64);
    const Tensor x = Tensor::randn({2, 7, 12}, float64);
    const Attended whole = layer.self(x, causal_keep(7, 7));
    for (const int64_t n : {1, 2, 3, 7}) {
      KeyValueCache cache;
      for (int64_t t = 0; t < 7; t += n) {
        const int64_t end = std::min<int64_t>(t + n, 7);
        const Attended piece = layer.self(slice(x, 1, t, end), causal_keep(end - t, end), cache);
        CHECK(difference(piece.context, slice(whole.context, 1, t, end)) < 1e-12);
        CHECK(difference(piece.weights, slice(slice(whole.weights, 2, t, end), 3, 0, end)) < 1e-12);
      }
    }
  }
}

TEST_CASE("dropout of attention weights acts in training, and the weights handed out are whole") {
  MultiHeadAttention layer({.size = 8, .heads = 2, .dropout = 0.5});
  const Tensor x = Tensor::randn({2, 5, 8});
  const Attended a = layer.self(x), b = layer.self(x);
  CHECK(difference(a.context, b.context) > 0);
  CHECK(difference(a.weights, b.weights) == 0);
  eval(layer);
  CHECK(difference(layer.self(x).context, layer.self(x).context) == 0);
}

TEST_CASE("a keep mask of two axes is of each sentence's keys, and one of each query is refused") {
  MultiHeadAttention layer({.size = 6, .heads = 2});
  const Tensor x = Tensor::randn({3, 3, 6}), ahead = causal_keep(3, 3);  // as many words as texts
  const Tensor keep = keep_of({3, 2, 1}, 3);                             // looks like `ahead`
  const Attended whole = layer.self(x, keep);
  CHECK(difference(whole.weights, layer(x, layer.project(x), keep).weights) < 1e-6);
  CHECK(difference(whole.weights, layer.self(x, reshape(keep, {3, 1, 1, 3})).weights) == 0);
  CHECK(difference(layer.self(x, ahead).weights, layer.self(x, unsqueeze(ahead, 0)).weights) == 0);

  const Tensor other = Tensor::randn({2, 3, 6});
  const Tensor flat = select(ahead, 0, 0);
  const std::string hint = "keep is [3, 3], expected [2, 3]";
  CHECK_THROWS_WITH(layer.self(other, flat), Contains(hint) && Contains("unsqueeze(keep, 0)"));
  CHECK_THROWS_WITH(layer({other, other, other, flat}), Contains(hint));
  CHECK_THROWS_WITH(layer(other, layer.project(other), flat), Contains(hint));
  CHECK_THROWS_WITH(
      scaled_dot_product_attention({other, other, other, flat}),
      Contains("keep is [3, 3]") && Contains("as many axes") && Contains("unsqueeze(x, 0)"));
  const Tensor of_queries = Tensor::ones({2, 3, 1}, boolean);  // the keys' axis is missing
  CHECK_THROWS_WITH(layer.self(other, of_queries), Contains("keep is [2, 3, 1]"));
  CHECK_THROWS_WITH(scaled_dot_product_attention({other, select(other, 0, 0), other}),
                    Contains("as many axes each"));
}

TEST_CASE("words of a wrong mask do not join those before them") {
  manual_seed(1);
  const MultiHeadAttention layer({.size = 6, .heads = 2});
  const Tensor x = Tensor::randn({2, 3, 6});
  KeyValueCache cache;
  NoGrad no_grad;
  layer.self(slice(x, 1, 0, 2), {}, cache);
  CHECK_THROWS_AS(layer.self(slice(x, 1, 2, 3), Tensor::ones({2, 2}, boolean), cache), ShapeError);
  CHECK(cache.length() == 2);
  const Tensor last = layer.self(slice(x, 1, 2, 3), {}, cache).context;
  CHECK(difference(last, slice(layer.self(x).context, 1, 2, 3)) < 1e-6);
}

TEST_CASE("multi-head attention says what does not fit") {
  CHECK_THROWS_WITH(MultiHeadAttention({.size = 10, .heads = 3}),
                    Contains("3 heads do not divide the size 10"));
  CHECK_THROWS_WITH(MultiHeadAttention({.size = 10, .heads = 0}), Contains("heads is 0"));
  const MultiHeadAttention layer({.size = 6, .heads = 2});
  const Tensor x = Tensor::randn({2, 3, 6}), memory = Tensor::randn({2, 5, 6});
  const auto attend = [&](const Tensor& q, const Tensor& k, const Tensor& keep) {
    layer({q, k, k, keep});
  };
  CHECK_THROWS_WITH(layer.self(Tensor::randn({2, 3, 7})),
                    Contains("text is [2, 3, 7], expected [batch, words, 6]"));
  CHECK_THROWS_WITH(layer.project(select(x, 0, 0)), Contains("memory is [3, 6]"));
  CHECK_THROWS_WITH(layer({.query = x, .key = memory, .value = {}}),
                    Contains("value is undefined, expected [batch, words, 6]"));
  CHECK_THROWS_WITH(attend(Tensor::randn({2, 3, 7}), memory, {}),
                    Contains("query is [2, 3, 7], expected [batch, words, 6]"));
  CHECK_THROWS_WITH(attend(x, Tensor::randn({3, 5, 6}), {}),
                    Contains("query is [2, 3, 6], the key [3, 5, 6], the value [3, 5, 6]"));
  CHECK_THROWS_WITH(layer({.query = x, .key = memory, .value = slice(memory, 1, 0, 4)}),
                    Contains("value [2, 4, 6]") && Contains("a value for each key"));
  CHECK_THROWS_WITH(attend(x, memory, Tensor::ones({3, 3, 5}).to(boolean)),
                    Contains("keep is [3, 3, 5], expected [2, 3, 5]"));
  CHECK_THROWS_WITH(attend(x, memory, Tensor::ones({2, 5})),
                    Contains("keep is float32, expected bool"));
  CHECK_THROWS_WITH(attend(x, memory, Tensor::ones({2, 3}).to(boolean)),
                    Contains("keep is [2, 3], expected [2, 5]"));
  CHECK_THROWS_WITH(attend(x, memory, Tensor::ones({2, 1, 3, 4}).to(boolean)),
                    Contains("[2, 1, 3, 4]") && Contains("[2, 2, 3, 5]"));
  const Tensor wide = Tensor::randn({2, 3, 4});
  CHECK_THROWS_WITH(scaled_dot_product_attention({x, Tensor::randn({3, 5, 6}), memory}),
                    Contains("leading axes differ"));
  CHECK_THROWS_WITH(scaled_dot_product_attention({wide, x, x}), Contains("differ in size"));
  CHECK_THROWS_WITH(scaled_dot_product_attention({x, x, memory}),
                    Contains("one value for each key"));
}

TEST_CASE("multi-head attention refuses a memory that its project did not give for these texts") {
  const MultiHeadAttention layer({.size = 6, .heads = 2}), other({.size = 6, .heads = 3});
  const Tensor x = Tensor::randn({2, 3, 6}), memory = Tensor::randn({2, 5, 6});
  const std::string expected = "expected project(memory) of [2, words, 6]";
  CHECK_THROWS_WITH(layer(x, layer.project(Tensor::randn({3, 5, 6}))),
                    Contains("query is [2, 3, 6], the memory's key [3, 2, 5, 3] and value [3, 2") &&
                        Contains(expected));
  CHECK_THROWS_WITH(layer(x, other.project(memory)), Contains(expected));
  CHECK_THROWS_WITH(layer(x, KeysAndValues{memory, memory}), Contains(expected));
  CHECK_THROWS_WITH(layer(x, KeysAndValues{}), Contains("memory is undefined"));
}

TEST_CASE("positions are the paper's sines and cosines, from any position on") {
  const SinusoidalPositions positions(6);
  const Tensor all = positions(0, 600, float64);
  for (const int64_t p : {0, 1, 17, 511, 512, 599}) {
    for (int64_t i = 0; i < 3; ++i) {
      const double angle =
          static_cast<double>(p) / std::pow(10000.0, 2 * static_cast<double>(i) / 6);
      CHECK(all.at({p, 2 * i}) == Approx(std::sin(angle)).margin(1e-12));
      CHECK(all.at({p, 2 * i + 1}) == Approx(std::cos(angle)).margin(1e-12));
    }
  }
  CHECK(difference(positions(510, 4, float64), slice(all, 0, 510, 514)) == 0);
  CHECK(difference(positions(7, 2), slice(positions(0, 9), 0, 7, 9)) == 0);
}

TEST_CASE("learned positions end where their weights do") {
  const LearnedPositions positions(5, 3);
  CHECK(positions(1, 4).shape() == Shape{4, 3});
  CHECK_THROWS_AS(positions(0, 6), DataError);
  CHECK_THROWS_WITH(positions(3, 3), Contains("6 tokens") && Contains("5 positions"));
}

TEST_CASE("a feed-forward network is two linear maps around its activation") {
  for (const Activation activation : {Activation::relu, Activation::gelu, Activation::swish}) {
    FeedForward layer({.size = 5, .inner = 7, .activation = activation});
    to(layer, float64);
    const Tensor x = leaf({2, 3, 5});
    CHECK(difference(layer(x), layer.linear2(activate(activation, layer.linear1(x)))) == 0);
    check_gradients([&] { return layer(x); }, leaves_of(layer, {x}));
  }
}

TEST_CASE("with a window as without one a wrong keep mask is refused as such") {
  const Tensor x = Tensor::randn({2, 5, 8});
  for (const int64_t window : {0, 1}) {
    const MultiHeadAttention attention({.size = 8, .heads = 4, .window = window});
    CHECK_THROWS_WITH(attention.self(x, Tensor::ones({1, 5, 5}, int32)), Contains("keep is int32"));
    CHECK_THROWS_WITH(attention.self(x, causal_keep(4, 5)),
                      Contains("keep is [1, 4, 5], expected [2, 5, 5]"));
  }
}

TEST_CASE("the sizes of a multi-head attention stand in PyTorch's order") {
  const MultiHeadAttention attention(6, 3, 0.25, false);
  CHECK(attention.config.size == 6);
  CHECK(attention.config.heads == 3);
  CHECK(attention.config.dropout == 0.25);
  CHECK(!attention.in_proj_bias.defined());
}
