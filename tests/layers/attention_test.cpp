#include "../../layers/attention.hpp"
#include "../../core/error.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

Attention additive() {
  return Attention(ScoreFunction(AdditiveScore({.query = 3, .key = 7, .size = 5})));
}

}  // namespace

TEST_CASE("additive attention equals its formula word by word") {
  manual_seed(1);
  Attention attention = additive();
  to(attention, float64);
  const Tensor s = leaf({2, 3}), h = leaf({2, 4, 7});
  const auto weights = parameters(attention);
  const Tensor &query = weights[0], &key = weights[1], &energy = weights[2];
  const Attended result = attention(s, attention.remember(h));
  for (int64_t b = 0; b < 2; ++b) {
    std::vector<double> e;
    for (int64_t j = 0; j < 4; ++j) {
      const Tensor inner =
          matmul(query, select(s, 0, b)) + matmul(key, select(select(h, 0, b), 0, j));
      e.push_back(matmul(energy, tanh(inner)).item());
    }
    double total = 0;
    for (const double score : e) total += std::exp(score);
    Tensor c = Tensor::zeros({7}, float64);
    for (int64_t j = 0; j < 4; ++j) {
      const double alpha = std::exp(e[static_cast<std::size_t>(j)]) / total;
      CHECK(std::abs(result.weights.at({b, j}) - alpha) < 1e-14);
      c = c + alpha * select(select(h, 0, b), 0, j);
    }
    CHECK(difference(select(result.context, 0, b), c) < 1e-14);
  }
}

TEST_CASE("additive scores equal the composed ones in value and every gradient") {
  manual_seed(11);
  for (const int64_t A : {5, 37}) {  // fewer than the lanes of a sum, and some more than whole ones
    const Tensor q = leaf({2, 3, A}), k = leaf({2, 7, A}), v = leaf({A});
    const auto fused = [&] { return additive_scores(q, k, v); };
    const auto twin = [&] { return composed::additive_scores(q, k, v); };
    CHECK(gradient_difference(fused, twin, {q, k, v}) < 1e-12);
    check_gradients(fused, {q, k, v});
    const auto twice = [&] { return additive_scores(q, k, v) + additive_scores(2.0 * q, k, v); };
    const auto twins = [&] {
      return composed::additive_scores(q, k, v) + composed::additive_scores(2.0 * q, k, v);
    };
    CHECK(gradient_difference(twice, twins, {q, k, v}) < 1e-12);
  }
  const Tensor q = leaf({2, 5, 3}), k = leaf({7, 2, 5}), v = leaf({5, 2});  // rows that lie apart
  const auto fused = [&] {
    return additive_scores(transpose(q, 1, 2), transpose(k, 0, 1), select(v, 1, 1));
  };
  const auto twin = [&] {
    return composed::additive_scores(transpose(q, 1, 2), transpose(k, 0, 1), select(v, 1, 1));
  };
  CHECK(gradient_difference(fused, twin, {q, k, v}) < 1e-12);
}

TEST_CASE("additive scores give the gradients that are wanted, and nothing for a score without") {
  manual_seed(12);
  const Tensor q = leaf({2, 3, 5}), v = leaf({5}), k = Tensor::randn({2, 7, 5}, float64);
  const Tensor mask = Tensor::from(std::vector<double>{1, 0, 1, 0, 1, 1, 0}, {7});
  const auto fused = [&] { return additive_scores(q, k, v) * mask; };
  const auto twin = [&] { return composed::additive_scores(q, k, v) * mask; };
  CHECK(gradient_difference(fused, twin, {q, v}) < 1e-12);
  CHECK(additive_scores(q, slice(k, 1, 0, 0), v).shape() == Shape{2, 3, 0});
  CHECK_THROWS_WITH(additive_scores(q, k, leaf({4})),
                    Contains("additive_scores") && Contains("[2, 7, 5] and [4]"));
  CHECK_THROWS_AS(additive_scores(q, leaf({3, 7, 5}), v), ShapeError);
  CHECK_THROWS_WITH(additive_scores(q, k, Tensor::zeros({5})), Contains("v float32"));
}

TEST_CASE("the gradients of additive attention are those of central differences, masked too") {
  manual_seed(2);
  Attention attention = additive();
  to(attention, float64);
  const Tensor s = leaf({3, 3}), h = leaf({3, 5, 7}), keep = keep_of({5, 2, 1}, 5);
  const auto context = [&] { return attention(s, attention.remember(h, keep)).context; };
  const auto weights = [&] { return attention(s, attention.remember(h, keep)).weights; };
  check_gradients(context, leaves_of(attention, {s, h}));
  check_gradients(weights, leaves_of(attention, {s, h}));
}

TEST_CASE("weights sum to one on kept words, are zero elsewhere, and padding changes nothing") {
  manual_seed(3);
  const Attention attention = additive();
  const Tensor s = Tensor::randn({2, 3}), h = Tensor::randn({2, 5, 7}), keep = keep_of({5, 3}, 5);
  const Attended result = attention(s, attention.remember(h, keep));
  CHECK(difference(sum(result.weights, {-1}), Tensor::ones({2})) < 1e-6);
  CHECK(difference(slice(select(result.weights, 0, 1), 0, 3, 5), Tensor::zeros({2})) == 0);

  const Tensor noise = masked_fill(Tensor::randn({2, 5, 7}), unsqueeze(keep, 2), 0);
  const Attended other = attention(s, attention.remember(h + noise, keep));
  CHECK(difference(result.context, other.context) == 0);
  const Tensor second = slice(slice(h, 0, 1, 2), 1, 0, 3);
  const Attended alone = attention(slice(s, 0, 1, 2), attention.remember(second));
  CHECK(difference(slice(result.context, 0, 1, 2), alone.context) < 1e-6);
}

TEST_CASE("a sentence without a kept word gives zeros and no NaN, in gradients neither") {
  manual_seed(4);
  Attention attention = additive();
  to(attention, float64);
  const Tensor s = leaf({2, 3}), h = leaf({2, 5, 7}), keep = keep_of({0, 3}, 5);
  const Attended result = attention(s, attention.remember(h, keep));
  CHECK(difference(select(result.weights, 0, 0), Tensor::zeros({5}, float64)) == 0);
  CHECK(difference(select(result.context, 0, 0), Tensor::zeros({7}, float64)) == 0);
  const auto gradients = grad({mixed(result.context)}, leaves_of(attention, {s, h}));
  for (const Tensor& g : gradients) CHECK(difference(g, g) == 0);
  CHECK(difference(select(gradients.back(), 0, 0), Tensor::zeros({5, 7}, float64)) == 0);
}

TEST_CASE("an attention says what is wrong with its inputs") {
  const Attention attention = additive();
  const Tensor s = Tensor::zeros({2, 3}), h = Tensor::zeros({2, 4, 7});
  const AttentionMemory memory = attention.remember(h);
  CHECK_THROWS_WITH(attention(Tensor::zeros({2, 4}), memory),
                    Contains("AdditiveScore: a query has 4 features, expected 3"));
  CHECK_THROWS_WITH(attention(s, {.annotations = h, .keys = h, .keep = {}}),
                    Contains("keys is [2, 4, 7], expected [2, 4, 5]"));
  CHECK_THROWS_WITH(attention.weights(Tensor::zeros({2, 5}), s, memory),
                    Contains("scores' shape is [2, 5], expected [2, 4]"));
  CHECK_THROWS_WITH(attention.context(Tensor::zeros({3, 4}), memory),
                    Contains("weights' shape is [3, 4], expected [2, 4]"));
  CHECK_THROWS_WITH(attention.remember(h, Tensor::ones({2, 4})), Contains("expected bool"));
  CHECK_THROWS_WITH(attention.remember(h, keep_of({1, 1}, 3)), Contains("[2, 3], expected [2, 4]"));
  CHECK_THROWS_WITH(attention.remember(Tensor::zeros({2, 4})),
                    Contains("[batch, words, features]"));
  CHECK_THROWS_AS(AdditiveScore({.query = 3, .key = 0, .size = 5}), ConfigError);
  CHECK_THROWS_WITH(DotScore({.size = 3}).project(h), Contains("expected 3 features"));
  CHECK_THROWS_AS(GeneralScore({.query = 0, .key = 7}), ConfigError);
  const LocationScore location({.query = 3, .max_length = 3});
  CHECK_THROWS_WITH(location(unsqueeze(s, 1), h), Contains("4 tokens") && Contains("max_length"));
  CHECK_THROWS_AS(Attention(ScoreFunction(DotScore({.size = 7})), {.window = -1}), ConfigError);
  CHECK_THROWS_AS(Attention(ScoreFunction(DotScore({.size = 7})),
                            {.window = 1, .local = Local::predictive, .query = 7}),
                  ConfigError);
}

TEST_CASE("the steps of an attention refuse what does not fit to its memory") {
  const Attention whole = additive();
  const Attention local(ScoreFunction(AdditiveScore({.query = 3, .key = 7, .size = 5})),
                        {.window = 2, .local = Local::predictive, .query = 3, .size = 5});
  const AttentionMemory memory = whole.remember(Tensor::randn({2, 4, 7}));
  const Tensor s = Tensor::randn({2, 3}), three = Tensor::randn({2, 3, 3});
  CHECK_THROWS_WITH(whole.weights(Tensor::randn({2, 5}), s, memory),
                    Contains("[2, 5], expected [2, 4]"));
  CHECK_THROWS_AS(local.weights(Tensor::randn({3, 4}), s, memory), ShapeError);
  CHECK_THROWS_WITH(local.weights(Tensor::randn({2, 3, 4}), s, memory),
                    Contains("the query is [2, 3], expected [2, 3, 3]"));
  CHECK_THROWS_AS(local.weights(Tensor::randn({2, 4}), three, memory), ShapeError);
  const Attention near(ScoreFunction(AdditiveScore({.query = 3, .key = 7, .size = 5})),
                       {.window = 2});
  AttentionMemory of_one = memory;
  of_one.keep = keep_of({3}, 4);
  for (const Attention* attention : {&whole, &local, &near}) {
    CHECK_THROWS_WITH((*attention)(s, of_one), Contains("keep is [1, 4], expected [2, 4]"));
  }
}

TEST_CASE("an attention shows the shapes that it was given, of one query and of several") {
  const Attention attention = additive();
  const AttentionMemory memory = attention.remember(Tensor::randn({3, 4, 7}));
  const auto energies = [&](const Shape& s) {
    return attention.energies(Tensor::zeros(s), memory);
  };
  const std::string expected = ", expected [3, features], or [3, queries, features]";
  for (const Shape& s : {Shape{2, 3}, Shape{2, 5, 3}, Shape{3}, Shape{1, 3, 2, 3}}) {
    CHECK_THROWS_WITH(energies(s), Contains("the query is " + to_string(s) + expected));
    CHECK_THROWS_AS(energies(s), ShapeError);
  }
  CHECK_THROWS_WITH(energies({3, 2, 5}), Contains("a query has 5 features, expected 3"));
  CHECK_THROWS_WITH(attend(Tensor::zeros({2, 4}), memory.annotations),
                    Contains("scores' shape is [2, 4], expected [3, 4]"));
  CHECK_THROWS_WITH(attend(Tensor::zeros({2, 4}), {}), Contains("annotations are undefined"));

  const Attention covering(
      ScoreFunction(AdditiveScore({.query = 3, .key = 7, .size = 5, .coverage = true})));
  const Tensor s = Tensor::zeros({3, 3});
  CHECK_THROWS_WITH(covering.energies(s, covering.remember(memory.annotations),
                                      {.i = 1, .coverage = Tensor::zeros({3, 5})}),
                    Contains("the coverage is [3, 5], expected [3, 4]"));
}

TEST_CASE("an attention refuses a memory that remember did not give") {
  const Attention attention = additive();
  const Tensor s = Tensor::zeros({2, 3}), e = Tensor::zeros({2, 4}), h = Tensor::zeros({2, 4, 7});
  const auto empty = Contains("memory is empty, expected what remember(annotations, keep) gives");
  CHECK_THROWS_WITH(attention(s, {}), empty);
  CHECK_THROWS_WITH(attention.energies(s, {}), empty);
  CHECK_THROWS_WITH(attention.weights(e, s, {}), empty);
  CHECK_THROWS_WITH(attention.context(e, {}), empty);
  CHECK_THROWS_WITH(attention(s, {.annotations = h, .keys = {}, .keep = {}}),
                    Contains("keys are undefined, expected project(annotations)"));
  CHECK_THROWS_WITH(attention.remember({}), Contains("annotations are undefined"));
}

TEST_CASE("a score names itself and the annotations that do not fit") {
  const Tensor h = Tensor::zeros({2, 4, 6});
  const auto refused = [&](const auto& score, const std::string& name) {
    CHECK_THROWS_WITH(Attention{ScoreFunction(score())}.remember(h),
                      Contains(name + ": annotations are [2, 4, 6], expected [batch, words, 7]"));
  };
  const AdditiveScoreConfig sizes{.query = 3, .key = 7, .size = 5};
  refused([&] { return AdditiveScore(sizes); }, "AdditiveScore");
  refused([&] { return ConcatScore(sizes); }, "ConcatScore");
  refused([&] { return GeneralScore({.query = 3, .key = 7}); }, "GeneralScore");
}

TEST_CASE("a score of one's own that takes coverage is told of none before the first word") {
  struct Contrary {
    Tensor project(const Tensor& annotations) const { return annotations; }
    Tensor operator()(const Tensor& s, const Tensor& keys, const Tensor& coverage) const {
      return matmul(s, transpose(keys, 1, 2)) - coverage;
    }
    bool takes_coverage() const { return true; }
    void members(Members&) {}
  };
  const Attention attention{ScoreFunction(Contrary())};
  const Tensor h = Tensor::randn({2, 4, 3}), s = Tensor::randn({2, 3});
  const AttentionMemory memory = attention.remember(h);
  CHECK(difference(attention.energies(s, memory), squeeze(matmul(h, unsqueeze(s, 2)), 2)) < 1e-6);
  CHECK(attention(unsqueeze(s, 1), memory).weights.shape() == Shape{2, 1, 4});
}

TEST_CASE("the mask of a memory is one of its words, in a window too") {
  for (const int64_t window : {0, 2}) {
    for (const Local local : {Local::monotonic, Local::predictive}) {
      const Attention attention(ScoreFunction(DotScore({3})),
                                {.window = window, .local = local, .query = 3, .size = 5});
      AttentionMemory memory = attention.remember(Tensor::randn({2, 4, 3}));
      memory.keep = Tensor::ones({2, 1}, boolean);
      CHECK_THROWS_WITH(attention(Tensor::randn({2, 3}), memory),
                        Contains("attention: keep is [2, 1], expected [2, 4]"));
      memory.keep = Tensor::ones({2, 4});
      CHECK_THROWS_WITH(attention(Tensor::randn({2, 3}), memory), Contains("expected bool"));
    }
  }
}
