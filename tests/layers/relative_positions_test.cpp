#include "../../layers/multi_head_attention.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

TEST_CASE("offsets and windows count the last queries of a text") {
  CHECK(offsets(2, 4).to_vector<double>() == std::vector<double>{-2, -1, 0, 1, -3, -2, -1, 0});
  CHECK(window_keep(2, 4, 1).to_vector<bool>() ==
        std::vector<bool>{false, true, true, true, false, false, true, true});
}

TEST_CASE("rotation is eq. (34), and a product of rotated vectors knows their offset alone") {
  const Tensor x = Tensor::randn({1, 5, 6}).to(float64);
  const Tensor y = rotate(x, 3);
  for (int64_t t = 0; t < 5; ++t) {
    for (int64_t i = 0; i < 3; ++i) {
      const double angle =
          static_cast<double>(t + 3) * std::pow(10000.0, -2 * static_cast<double>(i) / 6);
      const double a = x.at({0, t, 2 * i}), b = x.at({0, t, 2 * i + 1});
      CHECK(y.at({0, t, 2 * i}) == Approx(a * std::cos(angle) - b * std::sin(angle)));
      CHECK(y.at({0, t, 2 * i + 1}) == Approx(b * std::cos(angle) + a * std::sin(angle)));
    }
  }
  const auto scores = [&](int64_t first) {
    return matmul(rotate(x, first), transpose(rotate(x, first), -2, -1));
  };
  CHECK(difference(scores(0), scores(500)) < 1e-10);
  CHECK_THROWS_WITH(rotate(Tensor::ones({2, 3})), Contains("even number of features"));
}

TEST_CASE("ALiBi's slopes are the paper's, also for heads that are no power of two") {
  const auto slopes = [](int64_t H) {
    return (alibi(H, 1, 2, float64) * -1).to_vector<double>();  // |j - i| is 1, then 0
  };
  const auto check = [&](int64_t H, const std::vector<double>& exponents) {
    const std::vector<double> found = slopes(H);
    for (std::size_t h = 0; h < exponents.size(); ++h) {
      CHECK(found[2 * h] == Approx(std::pow(2.0, -exponents[h])));
      CHECK(found[2 * h + 1] == 0);
    }
  };
  check(1, {8});
  check(8, {1, 2, 3, 4, 5, 6, 7, 8});
  check(6, {2, 4, 6, 8, 1, 3});
  check(12, {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1.5, 2.5, 3.5});
  CHECK(alibi(2, 3, 3, float64).at({0, 0, 2}) == Approx(-2 * std::pow(2.0, -4)));
}

TEST_CASE("relative positions are eq. (3) and (4), offset by offset") {
  RelativePositions positions(2, 3);
  to(positions, float64);
  const Tensor query = leaf({2, 3, 4, 3}), weights = leaf({2, 3, 4, 6});
  const Tensor scores = positions.scores(query, 6), context = positions.context(weights);
  const auto row = [](int64_t t, int64_t j) {
    const int64_t offset = j - (t + 2);
    return std::max<int64_t>(-2, std::min<int64_t>(2, offset)) + 2;
  };
  for (int64_t t = 0; t < 4; ++t) {
    std::vector<double> sum(3, 0.0);
    for (int64_t j = 0; j < 6; ++j) {
      double e = 0;
      for (int64_t i = 0; i < 3; ++i) {
        e += query.at({1, 2, t, i}) * positions.key.tensor().at({row(t, j), i});
        sum[static_cast<std::size_t>(i)] +=
            weights.at({1, 2, t, j}) * positions.value.tensor().at({row(t, j), i});
      }
      CHECK(scores.at({1, 2, t, j}) == Approx(e));
    }
    for (int64_t i = 0; i < 3; ++i) {
      CHECK(context.at({1, 2, t, i}) == Approx(sum[static_cast<std::size_t>(i)]));
    }
  }
  check_gradients([&] { return positions.scores(query, 6); }, {query, positions.key});
  check_gradients([&] { return positions.context(weights); }, {weights, positions.value});
}

TEST_CASE("heads that share keys give what copies of these keys give") {
  const Tensor q = leaf({2, 6, 5, 3}), k = leaf({2, 2, 7, 3}), v = leaf({2, 2, 7, 3});
  const Tensor keep = reshape(keep_of({7, 4}, 7), {2, 1, 1, 7});
  const auto copied = [](const Tensor& x) {
    return reshape(expand(unsqueeze(x, 2), {2, 2, 3, 7, 3}), {2, 6, 7, 3});
  };
  const auto shared = [&] { return scaled_dot_product_attention({q, k, v, keep}).context; };
  const auto copies = [&] {
    return scaled_dot_product_attention({q, copied(k), copied(v), keep}).context;
  };
  CHECK(difference(shared(), copies()) < 1e-12);
  CHECK(gradient_difference(shared, copies, {q, k, v}) < 1e-12);
  CHECK_THROWS_WITH(scaled_dot_product_attention({leaf({2, 5, 5, 3}), k, v}),
                    Contains("leading axes differ"));
}

TEST_CASE("each option of multi-head attention passes the gradient check, and joined ones do") {
  const std::vector<MultiHeadAttentionConfig> variants{
      {.size = 8, .heads = 4, .kv_heads = 2},
      {.size = 6, .heads = 2, .window = 1},
      {.size = 6, .heads = 3, .positions = SelfPositions::rotary},
      {.size = 6, .heads = 3, .positions = SelfPositions::alibi},
      {.size = 6, .heads = 2, .positions = SelfPositions::relative, .distance = 2},
      {.size = 8, .heads = 4, .kv_heads = 1, .window = 2, .positions = SelfPositions::rotary}};
  for (const MultiHeadAttentionConfig& config : variants) {
    MultiHeadAttention layer(config);
    to(layer, float64);
    const Tensor x = leaf({2, 4, config.size});
    check_gradients([&] { return layer.self(x, causal_keep(4, 4)).context; },
                    leaves_of(layer, {x}));
  }
}

TEST_CASE("multi-head attention refuses options that cannot be") {
  using C = MultiHeadAttentionConfig;
  CHECK_THROWS_WITH(MultiHeadAttention(C{.size = 12, .heads = 4, .kv_heads = 3}),
                    Contains("3 kv_heads do not divide the 4 heads"));
  CHECK_THROWS_WITH(MultiHeadAttention(C{.size = 12, .heads = 4, .kv_heads = -1}),
                    Contains("kv_heads is -1"));
  CHECK_THROWS_WITH(MultiHeadAttention(C{.size = 12, .heads = 4, .window = -1}),
                    Contains("window is -1"));
  CHECK_THROWS_WITH(
      MultiHeadAttention(C{.size = 12, .heads = 4, .positions = SelfPositions::rotary}),
      Contains("heads of even size, these have 3"));
  CHECK_THROWS_WITH(
      MultiHeadAttention(
          C{.size = 12, .heads = 4, .positions = SelfPositions::relative, .distance = 0}),
      Contains("distance is 0"));
}

TEST_CASE("a window and positions are for self, whatever texts the other call is given") {
  using C = MultiHeadAttentionConfig;
  const Tensor x = Tensor::randn({2, 3, 6}), memory = Tensor::randn({2, 5, 6});
  for (const C& config : {C{.size = 6, .heads = 3, .window = 1},
                          C{.size = 6, .heads = 3, .positions = SelfPositions::rotary}}) {
    const MultiHeadAttention layer(config);
    const std::string has = config.window > 0 ? "this one has a window" : "this one has positions";
    CHECK_THROWS_WITH(layer({x, memory, memory}),
                      Contains("attends to itself, which is self(x, keep)") && Contains(has));
    CHECK_THROWS_WITH(layer(x, layer.project(memory)), Contains(has));
    CHECK_THROWS_WITH(layer({x, x, x}), Contains(has));
    CHECK_THROWS_WITH(layer({x, x.detach(), x}), Contains(has));
  }
}
