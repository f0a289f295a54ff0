#include "../../../models/data/data_loader.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include "../../../core/bfloat16.hpp"
#include "../../../core/error.hpp"
#include "../../../core/operations.hpp"
#include "../../../core/precision.hpp"
#include "../../../core/random.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

using Numbers = std::vector<int32_t>;

Numbers count_to(int32_t n) {
  Numbers numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// Leaves the items as they are.
struct AsTheyAre {
  template <class T>
  std::vector<T> operator()(const std::vector<T>& items) const {
    return items;
  }
};

using Loader = DataLoader<Numbers, AsTheyAre>;

/// The batches from where the loader stands to the end of its epoch.
std::vector<Numbers> rest_of_epoch(Loader& loader) {
  std::vector<Numbers> batches;
  for (const Numbers& batch : loader) batches.push_back(batch);
  return batches;
}

Numbers flat(const std::vector<Numbers>& batches) {
  Numbers all;
  for (const Numbers& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

/// Squares that are computed when they are asked for; any may be refused.
struct Squares {
  int64_t size() const { return 10; }
  int64_t operator[](int64_t i) const {
    if (i == refused) throw DataError("no square of " + std::to_string(i));
    return i * i;
  }
  int64_t refused = -1;
};

}  // namespace

TEST_CASE("a loader gives every item once in order, the last batch smaller or left out") {
  const Numbers data = count_to(7);
  Loader loader(data, {.batch_size = 3});
  CHECK(loader.size() == 3);
  CHECK(rest_of_epoch(loader) == std::vector<Numbers>{{0, 1, 2}, {3, 4, 5}, {6}});
  CHECK(rest_of_epoch(loader) == std::vector<Numbers>{{0, 1, 2}, {3, 4, 5}, {6}});
  CHECK(loader.position() == DataPosition{2, 0});
  Loader whole(data, {.batch_size = 3, .drop_last = true});
  CHECK(whole.size() == 2);
  CHECK(rest_of_epoch(whole) == std::vector<Numbers>{{0, 1, 2}, {3, 4, 5}});
}

TEST_CASE("the order depends on seed and epoch alone, and has every item once") {
  const Numbers data = count_to(50);
  std::set<Numbers> orders;
  for (const uint64_t seed : {1, 2}) {
    Loader loader(data, {.batch_size = 4, .shuffle = true, .seed = seed});
    Loader again(data, {.batch_size = 10, .shuffle = true, .seed = seed, .ahead = 3});
    manual_seed(seed + 8);
    for (int epoch = 0; epoch < 3; ++epoch) {
      Numbers order = flat(rest_of_epoch(loader));
      CHECK(order == flat(rest_of_epoch(again)));
      CHECK(orders.insert(order).second);
      std::sort(order.begin(), order.end());
      CHECK(order == data);
    }
  }
}

TEST_CASE("a loader goes on exactly where another stood, also inside an epoch") {
  const Numbers data = count_to(23);
  for (const int64_t ahead : {0, 1, 4}) {
    const DataLoaderOptions options{.batch_size = 3, .shuffle = true, .ahead = ahead};
    Loader straight(data, options), stopped(data, options), resumed(data, options);
    for (int64_t steps = 0; steps < 20; ++steps) {
      straight.seek({0, 0});
      stopped.seek({0, 0});
      for (int64_t i = 0; i < steps; ++i) straight.next(), stopped.next();
      resumed.seek(stopped.position());
      for (int i = 0; i < 9; ++i) CHECK(straight.next() == resumed.next());
    }
  }
}

TEST_CASE("after a break the next loop goes on behind it, and seek begins anew") {
  const Numbers data = count_to(6);
  for (const int64_t ahead : {0, 2}) {
    Loader loader(data, {.batch_size = 2, .ahead = ahead});
    for (const Numbers& batch : loader) {
      CHECK(batch == Numbers{0, 1});
      CHECK(loader.position() == DataPosition{0, 1});
      break;
    }
    CHECK(rest_of_epoch(loader) == std::vector<Numbers>{{2, 3}, {4, 5}});
    loader.seek({0, 0});
    CHECK(flat(rest_of_epoch(loader)) == data);
  }
}

TEST_CASE("batches by length hold items of like length, and each item once") {
  Numbers data;
  Generator generator(5);
  for (int i = 0; i < 301; ++i) data.push_back(static_cast<int32_t>(generator.below(40)));
  const auto length = [](int32_t item) { return item; };
  Loader sorted(data, {.batch_size = 8}, {}, length);
  Numbers by_length = data;
  std::sort(by_length.begin(), by_length.end());
  CHECK(flat(rest_of_epoch(sorted)) == by_length);

  Loader loader(data, {.batch_size = 8, .shuffle = true, .pool = 10}, {}, length);
  std::set<Numbers> orders;
  for (int epoch = 0; epoch < 2; ++epoch) {
    const std::vector<Numbers> batches = rest_of_epoch(loader);
    CHECK(static_cast<int64_t>(batches.size()) == loader.size());
    for (const Numbers& batch : batches) {
      const auto [low, high] = std::minmax_element(batch.begin(), batch.end());
      CHECK(*high - *low < 12);
    }
    Numbers all = flat(batches);
    CHECK(orders.insert(all).second);
    std::sort(all.begin(), all.end());
    CHECK(all == by_length);
  }
  const auto longest = [](int32_t) { return std::numeric_limits<int64_t>::max(); };
  Loader alike(data, {.batch_size = 8, .shuffle = true}, {}, longest);
  CHECK(flat(rest_of_epoch(alike)).size() == data.size());
  Loader whole(data, {.batch_size = 8, .shuffle = true, .drop_last = true}, {}, length);
  CHECK(whole.size() == 37);
  for (const Numbers& batch : whole) CHECK(batch.size() == 8);
}

TEST_CASE("what drop_last leaves out of batches by length changes from epoch to epoch") {
  const Numbers data = count_to(103);
  const auto length = [](int32_t item) { return item; };
  Loader loader(data, {.batch_size = 10, .shuffle = true, .drop_last = true}, {}, length);
  std::set<int32_t> seen;
  for (int epoch = 0; epoch < 20; ++epoch) {
    for (const Numbers& batch : loader) seen.insert(batch.begin(), batch.end());
  }
  CHECK(seen.size() == data.size());
}

TEST_CASE("what is drawn while a batch is made depends on seed and place alone") {
  const Numbers data = count_to(12);
  const auto noise = [](const Numbers& items) {
    return Tensor::randn({static_cast<int64_t>(items.size())}).to_vector<float>();
  };
  const auto drawn = [&](int64_t ahead, int64_t first) {
    DataLoader loader(data, {.batch_size = 3, .ahead = ahead}, noise);
    loader.seek({1, first});
    std::vector<std::vector<float>> batches;
    for (const auto& batch : loader) {
      static_cast<void>(Tensor::randn({7}));  // draws of the training do not matter
      batches.push_back(batch);
    }
    return batches;
  };
  manual_seed(3);
  const auto all = drawn(0, 0);
  CHECK(all[0] != all[1]);
  CHECK(default_generator().position() > 0);
  manual_seed(4);
  CHECK(drawn(2, 0) == all);
  CHECK(drawn(1, 2) == std::vector<std::vector<float>>(all.begin() + 2, all.end()));
}

TEST_CASE("what is multiplied while a batch is made is multiplied in float32, ahead or not") {
  const ReplacedProduct emulated(emulated_product);
  const ProductPrecision around(Precision::bfloat16);
  const Numbers data = count_to(4);
  const auto precision = [](const Numbers&) { return std::string(to_string(product_precision)); };
  for (const int64_t ahead : {0, 2}) {
    DataLoader loader(data, {.batch_size = 2, .ahead = ahead}, precision);
    for (const std::string& made : loader) CHECK(made == "float32");
  }
  CHECK(product_precision == Precision::bfloat16);
}

TEST_CASE("an error while a batch is made reaches the loop at that batch and leaves it there") {
  for (const int64_t ahead : {0, 1, 5}) {
    Squares data{.refused = 4};
    DataLoader<Squares> loader(data, {.batch_size = 2, .ahead = ahead});
    CHECK(loader.next().to_vector<int32_t>() == Numbers{0, 1});
    CHECK(loader.next().to_vector<int32_t>() == Numbers{4, 9});
    CHECK_THROWS_WITH(loader.next(), "no square of 4");
    CHECK(loader.position() == DataPosition{0, 2});
    CHECK_THROWS_AS(loader.next(), DataError);
    data.refused = -1;
    CHECK(loader.next().to_vector<int32_t>() == Numbers{16, 25});
  }
}

TEST_CASE("a loader that is destroyed in the middle ends its thread") {
  const Numbers data = count_to(100);
  std::atomic<int> made = 0;
  std::atomic<bool> at_work = false;
  const auto counting = [&](const Numbers& items) {
    at_work = true;
    ++made;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    at_work = false;
    return Tensor::from(items, {static_cast<int64_t>(items.size())});
  };
  for (int taken = 0; taken < 4; ++taken) {
    made = 0;
    {
      DataLoader loader(data, {.batch_size = 1, .ahead = 3}, counting);
      for (int i = 0; i < taken; ++i) CHECK(loader.next().item() == i);
    }
    CHECK_FALSE(at_work);
    CHECK(made <= taken + 4);
  }
}

TEST_CASE("tensors made ahead are trained on beside those being made") {
  const Numbers data = count_to(64);
  const auto rows = [](const Numbers& items) {
    return Tensor::randn({static_cast<int64_t>(items.size()), 31});
  };
  Tensor weight = Tensor::zeros({31});
  weight.set_requires_grad();
  const auto trained = [&](int64_t ahead) {
    weight.zero_grad();
    DataLoader loader(data, {.batch_size = 4, .shuffle = true, .ahead = ahead}, rows);
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (const Tensor& x : loader) mean(square(x * weight - 1.0)).backward();
    }
    return weight.grad().to_vector<float>();
  };
  const std::vector<float> alone = trained(0);
  CHECK(trained(2) == alone);
}

TEST_CASE("without a function of one's own items are stacked member by member") {
  const std::vector<std::pair<Tensor, int32_t>> data{
      {Tensor::of({1, 2}, {2}), 7}, {Tensor::of({3, 4}, {2}), 8}, {Tensor::of({5, 6}, {2}), 9}};
  DataLoader loader(data, {.batch_size = 3});
  for (const auto& [x, y] : loader) {
    CHECK(x.shape() == Shape{3, 2});
    CHECK(x.to_vector<float>() == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(y.to_vector<int32_t>() == Numbers{7, 8, 9});
  }
  const std::vector<std::pair<int64_t, double>> longs{{1, 0.5}, {2, 1.5}};
  DataLoader pairs(longs, {.batch_size = 2});
  CHECK(std::get<0>(pairs.next()).to_vector<int32_t>() == Numbers{1, 2});
  const std::vector<std::string> lines{"a", "b"};
  DataLoader strings(lines, {.batch_size = 2});
  CHECK(strings.next() == lines);
}

TEST_CASE("data without a batch and options out of range are refused") {
  const Numbers none, two = count_to(2);
  CHECK_THROWS_WITH(Loader(none), "DataLoader: the data have 0 items, no batch");
  CHECK_THROWS_WITH(Loader(two, {.batch_size = 3, .drop_last = true}),
                    "DataLoader: the data have 2 items, no batch of 3 (drop_last leaves out a "
                    "smaller one)");
  CHECK_THROWS_WITH(Loader(two, {.batch_size = 0}),
                    "DataLoader: batch_size is 0, it must be from 1 to 9007199254740992");
  CHECK_THROWS_WITH(Loader(two, {.batch_size = std::numeric_limits<int64_t>::max()}),
                    Contains("DataLoader: batch_size is 9223372036854775807, it must be from 1"));
  CHECK_THROWS_WITH(Loader(two, {.ahead = -1}), Contains("DataLoader: ahead is -1"));
  CHECK_THROWS_WITH(Loader(two, {.pool = 0}), "DataLoader: pool is 0, it must be from 1 to 1000");
  Loader loader(two);
  CHECK_THROWS_WITH(loader.seek({0, 2}), Contains("batch 2 of epoch 0; an epoch has the batches "
                                                  "0 to 1"));
  CHECK_THROWS_AS(loader.seek({-1, 0}), IndexError);
  CHECK_THROWS_WITH(loader.seek({std::numeric_limits<int64_t>::max(), 0}),
                    Contains("epochs are counted from 0"));
  for (const int64_t batch : {-1, 2}) {
    CHECK_THROWS_WITH(loader.items(batch), Contains("an epoch has the batches 0 to 1"));
  }
  CHECK_FALSE(std::is_constructible_v<Loader, Numbers&&>);
}

TEST_CASE("items of several shapes say that the loader needs a collate function") {
  const std::vector<Tensor> ragged{Tensor::ones({2}), Tensor::ones({3})};
  DataLoader loader(ragged, {.batch_size = 2});
  CHECK_THROWS_WITH(loader.next(), Contains("[2] and [3]") &&
                                       Contains("give the DataLoader a collate") &&
                                       Contains("pad_sequence"));
}
