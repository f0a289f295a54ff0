// The weights of an attention that went tile by tile are those that it would have had.
#include "../../core/random.hpp"
#include "../../layers/key_value_cache.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

/// Queries that are enough for tiles, and keys.
constexpr int64_t T = 9, S = 11;

Tensor any_keep(const Shape& shape) { return gt(Tensor::randn(shape, float64), -0.5); }

/// softmax(q k^T / sqrt(K) - cost) of elementary operations, q and k with equal leading axes.
Tensor weights_of(const Tensor& q, const Tensor& k, const Tensor& keep, const Tensor& cost = {}) {
  Tensor e = matmul(q, transpose(k, -2, -1)) * (1 / std::sqrt(static_cast<double>(q.size(-1))));
  if (cost.defined()) e = e - cost;
  return softmax(e, -1, keep);
}

/// Each head of y [B, G, ., .] for H / G heads in a row.
Tensor shared(const Tensor& y, int64_t H) {
  const Shape s = y.shape();
  const Tensor wide = expand(unsqueeze(y, 2), {s[0], s[1], H / s[1], s[2], s[3]});
  return reshape(wide, {s[0], H, s[2], s[3]});
}

/// Makes the layer's queries and keys by hand: weights [B, H, T, S] of x on itself.
Tensor weights_by_hand(const MultiHeadAttention& m, const Tensor& x, const Tensor& keep,
                       const Tensor& cost = {}) {
  const int64_t D = m.config.size, H = m.config.heads, G = m.config.kv_heads, K = D / H;
  const auto heads = [&](int64_t first, int64_t count) {
    const int64_t end = first + count * K;
    const Tensor y =
        linear(x, slice(m.in_proj_weight, 0, first, end), slice(m.in_proj_bias, 0, first, end));
    return transpose(reshape(y, {x.size(0), x.size(1), count, K}), 1, 2);
  };
  return weights_of(heads(0, H), shared(heads(D, G), H), keep, cost);
}

MultiHeadAttention layer(MultiHeadAttentionConfig config) {
  MultiHeadAttention m(config);
  to(m, float64);
  return m;
}

}  // namespace

TEST_CASE("weights that are looked at later are those of the mask that the context had") {
  manual_seed(1);
  const int64_t B = 2, H = 4;
  for (const int64_t G : {4, 2, 1}) {
    const Tensor q = leaf({B, H, T, 3}), k = leaf({B, G, S, 3}), v = leaf({B, G, S, 5});
    for (const Tensor& keep :
         {Tensor(), any_keep({B, 1, T, S}), any_keep({1, T, S}), any_keep({B, H, T, S})}) {
      INFO(G << " heads of keys, mask " << (keep.defined() ? to_string(keep.shape()) : "none"));
      const Attended found = scaled_dot_product_attention({q, k, v, keep});
      const Tensor alpha = weights_of(q, shared(k, H), keep);
      CHECK(difference(found.weights, alpha) < 1e-14);
      CHECK(difference(found.context, matmul(found.weights, shared(v, H))) < 1e-14);
    }
  }
}

TEST_CASE("weights without heads have the shape of scores") {
  manual_seed(2);
  const Tensor q = leaf({2, T, 3}), k = leaf({2, S, 3}), v = leaf({2, S, 5});
  for (const Tensor& keep : {Tensor(), any_keep({2, T, S}), any_keep({1, S})}) {
    const Attended found = scaled_dot_product_attention({q, k, v, keep});
    CHECK(difference(found.weights, weights_of(q, k, keep)) < 1e-14);
    CHECK(found.context.shape() == Shape{2, T, 5});
  }
  const auto row = [](const Tensor& x) { return select(x, 0, 0); };
  const Attended single = scaled_dot_product_attention({row(q), row(k), row(v)});
  CHECK(difference(single.weights, weights_of(row(q), row(k), {})) < 1e-14);
  CHECK(single.context.shape() == Shape{T, 5});
}

TEST_CASE("weights are computed once, when someone looks") {
  const int64_t words = 300;
  const Tensor x = Tensor::randn({1, 1, words, 4}, float64);
  const NoGrad no_grad;
  const Attended found = scaled_dot_product_attention({x, x, x});
  const Tensor& first = found.weights;
  CHECK(&found.weights.tensor() == &first);
  CHECK(found.weights.array().raw() == first.array().raw());
  CHECK(found.weights.shape() == Shape{1, 1, words, words});
  CHECK(found.weights.size(-1) == words);
  CHECK(found.weights.at({0, 0, 2, 1}) == first.at({0, 0, 2, 1}));
  CHECK_FALSE(LazyWeights().defined());
  CHECK(LazyWeights(x).array().raw() == x.array().raw());
}

TEST_CASE("weights of operands that have changed meanwhile are refused") {
  manual_seed(3);
  Tensor q = Tensor::randn({1, T, 3}), k = Tensor::randn({1, S, 3}), v = Tensor::randn({1, S, 2});
  Tensor keep = Tensor::ones({1, T, S}, boolean);
  for (Tensor* changed : {&q, &k}) {
    const Attended early = scaled_dot_product_attention({q, k, v, keep});
    const Attended late = scaled_dot_product_attention({q, k, v, keep});
    const Tensor before = early.weights.tensor().clone();
    changed->add_(Tensor::full(changed->shape(), 1.0));
    CHECK(late.weights.defined());  // which is no look
    CHECK_THROWS_AS(late.weights.tensor(), GraphError);
    CHECK_THROWS_WITH(late.weights.shape(), Contains("changed in place before"));
    CHECK(difference(early.weights, before) == 0);
  }
  const Attended unharmed = scaled_dot_product_attention({q, k, v, keep});
  v.add_(Tensor::full(v.shape(), 1.0));
  CHECK(difference(unharmed.weights, weights_of(q.to(float64), k.to(float64), keep).to(float32)) <
        1e-6);
}

TEST_CASE("gradients go through weights together with the context") {
  manual_seed(4);
  const Tensor q = leaf({1, 4, T, 3}), k = leaf({1, 2, S, 3}), v = leaf({1, 2, S, 2});
  const Tensor keep = any_keep({1, T, S});
  const auto by_tiles = [&] {
    const Attended found = scaled_dot_product_attention({q, k, v, keep});
    return cat({found.context, found.weights}, -1);
  };
  const auto by_hand = [&] {
    const Tensor alpha = weights_of(q, shared(k, 4), keep);
    return cat({matmul(alpha, shared(v, 4)), alpha}, -1);
  };
  CHECK(gradient_difference(by_tiles, by_hand, {q, k, v}) < 1e-12);
  check_gradients([&] { return mixed(by_tiles()); }, {q, k, v});
}

TEST_CASE("weights of training are whole where the context has dropped some") {
  manual_seed(5);
  const MultiHeadAttention m = layer({.size = 8, .heads = 2, .dropout = 0.5});
  const Tensor x = leaf({2, T, 8});
  const Attended found = m.self(x, causal_keep(T, T));
  const Tensor alpha = weights_by_hand(m, x, causal_keep(T, T));
  CHECK(difference(found.weights, alpha) < 1e-14);
  const int64_t K = 4;
  const Tensor v = transpose(
      reshape(linear(x, slice(m.in_proj_weight, 0, 16, 24), slice(m.in_proj_bias, 0, 16, 24)),
              {2, T, 2, K}),
      1, 2);
  const Tensor whole = m.out_proj(reshape(transpose(matmul(found.weights, v), 1, 2), {2, T, 8}));
  CHECK(difference(found.context, whole) > 0.01);
}

TEST_CASE("weights of ALiBi and of grouped queries are those by hand") {
  manual_seed(6);
  const Tensor x = leaf({2, T, 8});
  const MultiHeadAttention m =
      layer({.size = 8, .heads = 4, .kv_heads = 2, .positions = SelfPositions::alibi});
  const Tensor cost = -alibi(4, T, T, float64), keep = any_keep({2, 1, 1, T});
  const Tensor alpha = weights_by_hand(m, x, keep, cost);
  CHECK(difference(m.self(x, reshape(keep, {2, T})).weights, alpha) < 1e-14);
  check_gradients(
      [&] {
        return mixed(m.self(x, reshape(keep, {2, T})).weights);
      },
      {x, m.in_proj_weight});
}

TEST_CASE("weights of a text that goes on stay as they were, whatever its cache does next") {
  manual_seed(7);
  const NoGrad no_grad;
  for (const auto positions : {SelfPositions::none, SelfPositions::alibi}) {
    const MultiHeadAttention m = layer({.size = 8, .heads = 2, .positions = positions});
    const Tensor x = Tensor::randn({2, 3 * T, 8}, float64);
    const Attended whole = m.self(x, causal_keep(3 * T, 3 * T));
    KeyValueCache cache;
    std::vector<Attended> parts;
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor words = slice(x, 1, i * T, (i + 1) * T);
      parts.push_back(m.self(words, causal_keep(T, (i + 1) * T), cache));
    }
    cache.reorder({1, 0});
    m.self(Tensor::randn({2, T, 8}, float64), {}, cache);
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor rows = slice(whole.weights, 2, i * T, (i + 1) * T);
      CHECK(difference(parts[static_cast<std::size_t>(i)].weights, slice(rows, 3, 0, (i + 1) * T)) <
            1e-13);
    }
  }
}

TEST_CASE("weights have the history of the call, wherever they are first looked at") {
  manual_seed(8);
  const Tensor q = leaf({1, T, 3}), k = leaf({1, S, 3});
  const Attended trained = scaled_dot_product_attention({q, k, k});
  {
    const NoGrad to_log_them;
    CHECK(trained.weights.shape() == Shape{1, T, S});
  }
  CHECK(trained.weights.tensor().requires_grad());
  const auto constant = [&] {
    const NoGrad no_grad;
    return scaled_dot_product_attention({q, k, k});
  };
  CHECK_FALSE(constant().weights.tensor().requires_grad());
}
