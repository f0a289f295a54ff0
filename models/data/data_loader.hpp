#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../core/random.hpp"
#include "../../core/tensor.hpp"
#include "batch_plan.hpp"

namespace heed {

/// A place in the data: an epoch and its next batch, both from 0.
struct DataPosition {
  int64_t epoch = 0, batch = 0;
  bool operator==(const DataPosition&) const = default;
};

struct DataLoaderOptions {
  int64_t batch_size = 1;
  /// Another order in each epoch, by `seed` and the number of the epoch alone.
  bool shuffle = false;
  uint64_t seed = 1;
  /// Leave out a last batch that is smaller than the others.
  bool drop_last = false;
  /// Batches that a thread of the loader's own makes ahead; 0: none, they are made when asked for.
  int64_t ahead = 0;
  /// With lengths and `shuffle`: batches whose items are sorted by length together.
  int64_t pool = 64;
};

/// What loaders of all data have in common.
class DataLoaderBase {
 public:
  DataLoaderBase(const DataLoaderBase&) = delete;
  DataLoaderBase& operator=(const DataLoaderBase&) = delete;

  /// Batches of an epoch. As len(loader).
  int64_t size() const { return batches_; }
  /// The batch that comes next; after an epoch's last one, the first of the next epoch. Kept with a
  /// model (`save`) and given to `seek`, training goes on with the same batches.
  DataPosition position() const { return position_; }
  /// `IndexError` unless the epoch is in [0, 2^32) and has that batch.
  void seek(DataPosition position);
  /// Items of a batch of the epoch of `position()`. `IndexError` unless an epoch has it.
  int64_t items(int64_t batch);
  /// What the batches depend on besides the items, for a run's fingerprint.
  std::string description() const;

 protected:
  /// `lengths`: none, or one for each item.
  DataLoaderBase(int64_t items, const std::vector<int64_t>& lengths, DataLoaderOptions options);
  virtual ~DataLoaderBase();
  /// The batch of these items; also called by the loader's thread.
  virtual std::shared_ptr<void> make(const std::vector<int64_t>& items) = 0;
  /// The batch at `position()`, which moves on unless this throws.
  std::shared_ptr<void> take();
  /// Ends the thread. The last class of a loader calls it in its destructor: `make` is its own.
  void stop() noexcept;

 private:
  class Worker;
  void plan(int64_t epoch);
  std::shared_ptr<void> make_batch(int64_t batch);

  DataLoaderOptions options_;
  int64_t items_, batches_;
  std::vector<ItemLength> lengths_;
  DataPosition position_;
  /// The batches of the epoch `planned_`.
  BatchPlan plan_;
  int64_t planned_ = -1;
  std::unique_ptr<Worker> worker_;
};

/// Tensors stacked on a new first axis; a `ShapeError` for items of several shapes says what to do.
Tensor stack_items(const std::vector<Tensor>& items);

/// Items side by side: tensors stacked on a new first axis, numbers as a tensor [B], those
/// of int64_t as int32; pairs, tuples
/// and arrays member by member, as a tuple; anything else stays a vector. As torch's
/// default_collate.
struct DefaultCollate {
  template <class T>
  auto operator()(const std::vector<T>& items) const {
    if constexpr (std::is_same_v<T, Tensor>) {
      return stack_items(items);
    } else if constexpr (is_element<T> || is_long<T>) {
      return Tensor::from(items, {static_cast<int64_t>(items.size())});
    } else if constexpr (requires { std::tuple_size<T>::value; }) {
      return members(items, std::make_index_sequence<std::tuple_size_v<T>>());
    } else {
      return items;
    }
  }

 private:
  template <class T, std::size_t... I>
  auto members(const std::vector<T>& items, std::index_sequence<I...>) const {
    return std::tuple((*this)(column<I>(items))...);
  }
  template <std::size_t I, class T>
  static auto column(const std::vector<T>& items) {
    std::vector<std::tuple_element_t<I, T>> column;
    for (const T& item : items) column.push_back(std::get<I>(item));
    return column;
  }
};

/// Batches of `data`, anything with `size()` and `operator[]`, which must live as long and whose
/// size is read once. `collate` makes a batch of a `std::vector` of items; with `length`, a
/// function of an item, batches are of items of like length: without `shuffle` sorted by it as a
/// whole.
///
///     DataLoader loader(texts, {.batch_size = 32, .shuffle = true, .ahead = 2}, collate);
///     for (const auto& batch : loader) { ... }  // to the end of the epoch
///
/// A loop goes from `position()` to the end of its epoch; after a `break` the next one goes on
/// there, and `seek` begins anew. `operator[]` and `collate` run without history and with products
/// in float32, whatever `ProductPrecision` stands around the loop, and `default_generator()` is
/// theirs: what they draw depends on seed, epoch and batch alone, not on `ahead`. With `ahead` they
/// run on another thread from the first batch of an epoch to the last: meanwhile nobody may change
/// what they read. What they throw, the loop throws, at that batch; it can be tried again.
/// `DataError` for no batch, `ConfigError` for a wrong option. As torch.utils.data.DataLoader.
template <class Data, class Collate = DefaultCollate>
class DataLoader final : public DataLoaderBase {
 public:
  using Item = std::remove_cvref_t<decltype(std::declval<const Data&>()[0])>;
  using Batch = std::remove_cvref_t<std::invoke_result_t<const Collate&, const std::vector<Item>&>>;

  explicit DataLoader(const Data& data, DataLoaderOptions options = {}, Collate collate = {})
      : DataLoaderBase(static_cast<int64_t>(data.size()), {}, options),
        data_(data),
        collate_(std::move(collate)) {}
  template <class Length>
  DataLoader(const Data& data, DataLoaderOptions options, Collate collate, const Length& length)
      : DataLoaderBase(static_cast<int64_t>(data.size()), lengths_of(data, length), options),
        data_(data),
        collate_(std::move(collate)) {}
  /// The data must outlive the loader: give them a name.
  explicit DataLoader(const Data&& data, DataLoaderOptions options = {},
                      Collate collate = {}) = delete;
  template <class Length>
  DataLoader(const Data&& data, DataLoaderOptions options, Collate collate,
             const Length& length) = delete;
  ~DataLoader() override { stop(); }

  /// The batch at `position()`, which moves on, also into the next epoch.
  Batch next() { return std::move(*take_batch()); }

  /// What a range-for goes by.
  class Iterator {
   public:
    explicit Iterator(DataLoader& loader)
        : loader_(loader), epoch_(loader.position().epoch), batch_(loader.take_batch()) {}
    const Batch& operator*() const { return *batch_; }
    Iterator& operator++() {
      batch_.reset();
      if (loader_.position().epoch == epoch_) batch_ = loader_.take_batch();
      return *this;
    }
    struct End {};
    bool operator==(End) const { return batch_ == nullptr; }

   private:
    DataLoader& loader_;
    int64_t epoch_;
    std::shared_ptr<Batch> batch_;
  };
  Iterator begin() { return Iterator(*this); }
  typename Iterator::End end() const { return {}; }

 private:
  static decltype(auto) item(const Data& data, int64_t i) {
    return data[static_cast<decltype(data.size())>(i)];
  }
  template <class Length>
  static std::vector<int64_t> lengths_of(const Data& data, const Length& length) {
    const NoGrad no_history;
    const KeepGenerator keep;
    std::vector<int64_t> lengths;
    for (int64_t i = 0; i < static_cast<int64_t>(data.size()); ++i) {
      lengths.push_back(static_cast<int64_t>(length(item(data, i))));
    }
    return lengths;
  }
  std::shared_ptr<Batch> take_batch() { return std::static_pointer_cast<Batch>(take()); }
  std::shared_ptr<void> make(const std::vector<int64_t>& numbers) override {
    std::vector<Item> items;
    for (const int64_t i : numbers) items.push_back(item(data_, i));
    return std::make_shared<Batch>(collate_(std::as_const(items)));
  }

  const Data& data_;
  Collate collate_;
};

}  // namespace heed
