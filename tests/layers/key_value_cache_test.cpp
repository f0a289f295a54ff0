#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../layers/few_queries.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

TEST_CASE("the cache holds the heads of keys alone") {
  NoGrad no_grad;
  KeyValueCache cache;
  const MultiHeadAttention attention({.size = 12, .heads = 6, .kv_heads = 2});
  attention.self(Tensor::randn({3, 1, 12}), {}, cache);
  const Tensor next = Tensor::randn({3, 2, 1, 2});
  CHECK(cache.append({next, next}).key.shape() == Shape{3, 2, 2, 2});
}

TEST_CASE("an empty cache gives the first words back as they are, and learns their history") {
  const Tensor key = leaf({2, 3, 4, 5}), value = leaf({2, 3, 4, 5});
  KeyValueCache cache;
  const KeysAndValues all = cache.append({key * 2, value});
  CHECK(difference(grad({sum(all.key)}, {key})[0], Tensor::full(key.shape(), 2, float64)) == 0);
  CHECK(all.value.array().shares_storage_with(value.array()));
}

TEST_CASE("a cache never writes into words that it was given") {
  const Tensor key = Tensor::randn({2, 1, 3, 5}), before = key.clone();
  KeyValueCache cache;
  cache.append({key, key});
  cache.reorder({1, 0});
  CHECK(difference(key, before) == 0);
  const KeysAndValues all = cache.append({slice(key, 2, 0, 1), slice(key, 2, 0, 1)});
  CHECK(difference(key, before) == 0);
  CHECK(difference(slice(select(all.key, 0, 0), 1, 0, 3), select(key, 0, 1)) == 0);
}

TEST_CASE("a cache says so where it would lose a history") {
  const Tensor words = leaf({2, 3, 4, 5}), constant = words.detach();
  const auto lost = Contains("gradient would be lost");
  KeyValueCache first, next;
  first.append({words, words});
  CHECK_THROWS_WITH(first.append({constant, constant}), lost);
  CHECK_THROWS_AS(first.reorder({0}), GraphError);
  next.append({constant, constant});
  CHECK_THROWS_WITH(next.append({constant, words}), lost);
  CHECK(next.length() == 4);
  CHECK(next.append({constant, constant}).key.shape() == Shape{2, 3, 8, 5});
}

TEST_CASE("a cache grows beyond its first size and keeps every word") {
  KeyValueCache cache;
  std::vector<Tensor> keys;
  for (int64_t t = 0; t < 70; ++t) {
    keys.push_back(Tensor::randn({2, 3, 1, 5}));
    const KeysAndValues all = cache.append({keys.back(), keys.back() * 2});
    REQUIRE(all.key.shape() == Shape{2, 3, t + 1, 5});
  }
  CHECK(cache.length() == 70);
  const Tensor next = Tensor::randn({2, 3, 1, 5});
  keys.push_back(next);
  const KeysAndValues all = cache.append({next, next * 2});
  CHECK(difference(all.key, cat(keys, 2)) == 0);
  CHECK(difference(all.value, cat(keys, 2) * 2) == 0);
}

TEST_CASE("a cache takes many words at once, and refuses what does not fit to those it keeps") {
  KeyValueCache cache;
  const Tensor text = Tensor::randn({2, 3, 45, 5});
  const auto append = [&](int64_t from, int64_t to) {
    const Tensor newest = slice(text, 2, from, to);
    return cache.append({newest, newest * 2});
  };
  append(0, 33);  // more than the first room
  append(33, 34);
  const KeysAndValues all = append(34, 45);
  CHECK(cache.length() == 45);
  CHECK(difference(all.key, text) == 0);
  CHECK(difference(all.value, text * 2) == 0);
  const Tensor three = Tensor::randn({3, 3, 1, 5});
  CHECK_THROWS_AS(cache.append({three, three}), ShapeError);
  CHECK_THROWS_WITH(cache.append({three, three}),
                    Contains("[3, 3, 1, 5]") && Contains("as those kept, [2, 3, 45, 5]"));
  CHECK_THROWS_AS(KeyValueCache().append({select(three, 0, 0), select(three, 0, 0)}), ShapeError);
  CHECK_THROWS_AS(KeyValueCache().append({three, slice(three, 0, 0, 2)}), ShapeError);
}

TEST_CASE("a cache follows every reordering of its rows") {
  Generator generator(5);
  KeyValueCache cache;
  std::vector<int32_t> content{0, 1, 2};
  const auto append = [&] {
    const auto R = static_cast<int64_t>(content.size());
    Tensor newest = Tensor::from(std::vector<float>(content.begin(), content.end()), {R, 1, 1, 1});
    return cache.append({newest, newest}).key.to_vector<float>();
  };
  append();
  // Any mapping of any number of rows: copies, cycles, rows that stay, rows that leave and come.
  std::vector<std::vector<int32_t>> history{{0}, {1}, {2}};
  for (int round = 0; round < 200; ++round) {
    const auto count = static_cast<int64_t>(1 + generator.below(9));
    std::vector<int32_t> rows;
    std::vector<std::vector<int32_t>> next;
    for (int64_t i = 0; i < count; ++i) {
      rows.push_back(static_cast<int32_t>(generator.below(history.size())));
      next.push_back(history[static_cast<std::size_t>(rows.back())]);
    }
    history = next;
    cache.reorder(rows);
    content.clear();
    for (std::size_t i = 0; i < history.size(); ++i) {
      content.push_back(static_cast<int32_t>(generator.below(1000)));
      history[i].push_back(content.back());
    }
    const std::vector<float> all = append();
    std::vector<float> expected;
    for (const auto& words : history) expected.insert(expected.end(), words.begin(), words.end());
    REQUIRE(all == expected);
  }
}

TEST_CASE("a cache has no rows but its own, and words of one element type") {
  KeyValueCache cache;
  const Tensor words = Tensor::randn({2, 3, 1, 5}), wider = words.to(float64);
  cache.append({words, words});
  CHECK_THROWS_WITH(cache.reorder({0, 2}),
                    Contains("reorder: rows[1] is 2, expected a row in [0, 2)"));
  CHECK_THROWS_AS(cache.reorder({-1}), IndexError);
  CHECK_THROWS_WITH(cache.append({wider, wider}), Contains("float64, those kept float32"));
  CHECK_THROWS_AS(KeyValueCache().append({words, wider}), TypeError);
  CHECK(cache.append({words, words}).key.shape() == Shape{2, 3, 2, 5});
}

TEST_CASE("a reordered cache says where its words lie, and brings them together when asked") {
  NoGrad no_grad;
  manual_seed(3);
  KeyValueCache in_place, together;
  const Tensor first = Tensor::randn({2, 2, 1, 3});
  in_place.add({first, first * 2});
  together.append({first, first * 2});
  for (const std::vector<int32_t>& rows :
       {std::vector<int32_t>{1, 1, 0, 0, 0}, {4, 0, 2}, {1}, {0, 0}}) {
    const auto R = static_cast<int64_t>(rows.size());
    const Tensor newest = Tensor::randn({R, 2, 1, 3});
    in_place.reorder(rows);
    together.reorder(rows);
    in_place.add({newest, newest * 2});
    const KeysAndValues all = together.append({newest, newest * 2});
    const kernels::KeysInPlace words = in_place.words();
    REQUIRE(words.row.shape() == Shape{R, all.key.size(2)});
    const Attended there = answered(all.key, words, {}, {}, 1),
                   here = answered(all.key, {all.key.array(), all.value.array(), {}}, {}, {}, 1);
    CHECK(difference(there.weights, here.weights) == 0);
    CHECK(difference(there.context, here.context) == 0);
  }
}

TEST_CASE("few queries are answered as by elementary operations, with every kind of mask") {
  NoGrad no_grad;
  manual_seed(4);
  for (const int64_t K : {1, 3, 8, 13, 32, 40}) {
    const int64_t B = 3, H = 4, G = 2, T = 2, S = 5;
    const Tensor q = Tensor::randn({B, H, T, K}, float64), k = Tensor::randn({B, G, S, K}, float64),
                 v = Tensor::randn({B, G, S, K + 1}, float64), slopes = alibi_slopes(H, float64),
                 apart = select(stack({slopes, slopes * -7.0}, 1), 1, 0);
    const auto wide = [&](const Tensor& x) {
      return reshape(expand(unsqueeze(x, 2), {B, G, H / G, S, x.size(3)}), {B, H, S, x.size(3)});
    };
    const Tensor each = gt(Tensor::randn({B, H, T, S}, float64), 0.0);
    for (const Tensor& keep : {Tensor(), gt(Tensor::randn({B, 1, 1, S}, float64), 0.0),
                               gt(Tensor::randn({B, 1, T, 1}, float64), 0.0), each}) {
      for (const Tensor& cost : {Tensor(), slopes, apart}) {
        Tensor e = matmul(q * 0.3, transpose(wide(k), -2, -1));
        if (cost.defined()) e = e + alibi(H, T, S, float64);
        const Tensor alpha = softmax(e, -1, keep);
        const Attended found = answered(q, {k.array(), v.array(), {}}, keep, cost, 0.3);
        CHECK(difference(found.weights, alpha) < 1e-14);
        CHECK(difference(found.context, matmul(alpha, wide(v))) < 1e-13);
      }
    }
  }
}

TEST_CASE("a copy of a cache goes on by itself") {
  NoGrad no_grad;
  const auto words = [](int64_t rows) {
    const Tensor key = Tensor::randn({rows, 2, 1, 3});
    return KeysAndValues{key, key * 2};
  };
  KeyValueCache one;
  for (int i = 0; i < 3; ++i) one.add(words(2));
  for (const bool reordered : {false, true}) {
    if (reordered) one.reorder({1, 1});
    KeyValueCache other = one;
    const KeysAndValues first = words(2), second = words(2);
    one.add(first);
    other.add(second);
    const Tensor mine = one.append(words(2)).key, others = other.append(words(2)).key;
    const int64_t place = one.length() - 2;
    CHECK(difference(slice(mine, 2, 0, place), slice(others, 2, 0, place)) == 0);
    CHECK(difference(slice(mine, 2, place, place + 1), first.key) == 0);
    CHECK(difference(slice(others, 2, place, place + 1), second.key) == 0);
  }
}

TEST_CASE("a cache that was moved from is empty") {
  KeyValueCache cache;
  const Tensor words = Tensor::randn({2, 1, 3, 4});
  cache.add({words, words});
  const KeyValueCache other = std::move(cache);
  CHECK(other.length() == 3);
  CHECK(cache.length() == 0);
  CHECK(cache.append({words, words}).key.shape() == words.shape());
}

TEST_CASE("an exception leaves a cache as it was, also one that was reordered and has grown") {
  const NoGrad no_grad;
  const Tensor words = Tensor::randn({2, 1, 40, 4});
  KeyValueCache cache;
  cache.add({words, words});
  cache.reorder({1, 1});
  const KeyValueCache before = cache;
  KeyValueCache in_place = cache;
  try {
    const KeyValueCache::UndoOnError undo(cache), undo_in_place(in_place);
    cache.append({words, words});
    in_place.add({words, words});
    throw 1;
  } catch (int) {
  }
  CHECK(cache.length() == 40);
  KeyValueCache same = before;
  const auto answer = [&](const KeyValueCache& held) {
    return answered(slice(words, 2, 0, 1), held.words(), {}, {}, 1).context;
  };
  CHECK(difference(answer(cache), answer(before)) == 0);
  CHECK(difference(answer(in_place), answer(before)) == 0);
  const Tensor one = Tensor::randn({2, 1, 1, 4});
  CHECK(difference(cache.append({one, one}).key, same.append({one, one}).key) == 0);
  {
    const KeyValueCache::UndoOnError undo(cache);
    cache.add({one, one});
  }
  CHECK(cache.length() == 42);
}

TEST_CASE("a reordered cache that nobody else holds brings its words together") {
  NoGrad no_grad;
  KeyValueCache cache;
  const Tensor key = Tensor::randn({3, 2, 4, 5});
  cache.append({key.clone(), key * 2});
  cache.reorder({2, 0, 0, 1});
  const Tensor next = Tensor::randn({4, 2, 1, 5});
  const KeysAndValues all = cache.append({next, next * 2});
  const Tensor rows = Tensor::from(std::vector<int32_t>{2, 0, 0, 1}, {4});
  CHECK(difference(all.key, cat({index_select(key, 0, rows), next}, 2)) == 0);
  CHECK(difference(all.value, all.key * 2) == 0);
}

TEST_CASE("anomaly mode sees what few queries make") {
  const NoGrad no_grad;
  const Tensor x = Tensor::ones({1, 1, 2, 3}), bad = Tensor::full({1, 1, 2, 3}, NAN);
  CHECK_NOTHROW(scaled_dot_product_attention({x, x, bad, {}}));
  const DetectAnomaly detect;
  CHECK_NOTHROW(scaled_dot_product_attention({x, x, x, {}}));
  CHECK_THROWS_AS(scaled_dot_product_attention({x, x, bad, {}}), NumericError);
}
