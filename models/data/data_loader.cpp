#include "data_loader.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "../../core/error.hpp"
#include "../../core/precision.hpp"
#include "../../core/random.hpp"
#include "../../core/views.hpp"

namespace heed {

namespace {

/// The Philox streams that making a batch draws from, one for each epoch, and the numbers of a
/// stream that are a batch's own.
constexpr uint64_t batch_streams = uint64_t{0x62617463} << 32;
constexpr int batch_bits = 32;
constexpr int64_t last_epoch = UINT32_MAX;  // what is below the streams' upper half

BatchSize size_of(const DataLoaderOptions& options) {
  return {.sentences = options.batch_size, .pool = options.pool, .drop_last = options.drop_last};
}

void check_range(const char* name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw ConfigError(std::string("DataLoader: ") + name + " is " + std::to_string(value) +
                    ", it must be from " + std::to_string(least) + " to " + std::to_string(most));
}

int64_t count_batches(int64_t items, const DataLoaderOptions& options) {
  check_range("batch_size", options.batch_size, 1, largest_batch);
  check_range("ahead", options.ahead, 0, largest_batch);
  check_range("pool", options.pool, 1, largest_batch_pool);
  const int64_t whole = items / options.batch_size;
  const int64_t batches = whole + (!options.drop_last && items % options.batch_size > 0);
  if (batches > 0) return batches;
  throw DataError("DataLoader: the data have " + std::to_string(items) + " items, no batch" +
                  (items > 0 ? " of " + std::to_string(options.batch_size) +
                                   " (drop_last leaves out a smaller one)"
                             : ""));
}

}  // namespace

Tensor stack_items(const std::vector<Tensor>& items) {
  try {
    return stack(items, 0);
  } catch (const ShapeError& error) {
    throw ShapeError(std::string(error.what()) +
                     "; give the DataLoader a collate function that makes a batch of such items, "
                     "by pad_sequence for texts of several lengths");
  }
}

/// The thread that makes the batches of one epoch ahead, in their order.
class DataLoaderBase::Worker {
 public:
  Worker(DataLoaderBase& loader, int64_t first) : loader_(loader), batch_(first) {
    try {
      thread_ = std::thread(&Worker::work, this);
    } catch (const std::system_error& error) {
      throw Error(std::string("DataLoader: cannot start a thread to work ahead: ") + error.what());
    }
  }
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_one();
    thread_.join();
  }

  /// The next batch, or what making it threw.
  std::shared_ptr<void> take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !made_.empty() || failure_; });
    if (made_.empty()) std::rethrow_exception(failure_);
    std::shared_ptr<void> batch = std::move(made_.front());
    made_.pop_front();
    lock.unlock();
    room_.notify_one();
    return batch;
  }

 private:
  void work() {
    std::exception_ptr failure;
    try {
      for (; batch_ < loader_.size() && wait_for_room(); ++batch_) put(loader_.make_batch(batch_));
      return;
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
    ready_.notify_one();
  }
  void put(std::shared_ptr<void> batch) {
    const std::lock_guard lock(mutex_);
    made_.push_back(std::move(batch));
    ready_.notify_one();
  }
  /// False when nobody wants a batch any more.
  bool wait_for_room() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] {
      return stopped_ || static_cast<int64_t>(made_.size()) < loader_.options_.ahead;
    });
    return !stopped_;
  }

  DataLoaderBase& loader_;
  int64_t batch_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::deque<std::shared_ptr<void>> made_;
  std::exception_ptr failure_;
  bool stopped_ = false;
  std::thread thread_;
};

DataLoaderBase::DataLoaderBase(int64_t items, const std::vector<int64_t>& lengths,
                               DataLoaderOptions options)
    : options_(options), items_(items), batches_(count_batches(items, options)) {
  for (const int64_t length : lengths) lengths_.push_back({length});
  plan(0);
}

DataLoaderBase::~DataLoaderBase() = default;

void DataLoaderBase::stop() noexcept { worker_.reset(); }

void DataLoaderBase::seek(DataPosition position) {
  if (position.epoch < 0 || position.epoch > last_epoch) {
    throw IndexError("DataLoader: seek to epoch " + std::to_string(position.epoch) +
                     "; epochs are counted from 0 to " + std::to_string(last_epoch));
  }
  if (position.batch < 0 || position.batch >= batches_) {
    throw IndexError("DataLoader: seek to batch " + std::to_string(position.batch) + " of epoch " +
                     std::to_string(position.epoch) + "; an epoch has the batches 0 to " +
                     std::to_string(batches_ - 1));
  }
  stop();
  position_ = position;
}

int64_t DataLoaderBase::items(int64_t batch) {
  if (batch < 0 || batch >= batches_) {
    throw IndexError("DataLoader: there is no batch " + std::to_string(batch) +
                     "; an epoch has the batches 0 to " + std::to_string(batches_ - 1));
  }
  plan(position_.epoch);
  return static_cast<int64_t>(plan_[static_cast<std::size_t>(batch)].size());
}

std::string DataLoaderBase::description() const {
  std::string text =
      std::to_string(items_) + " items in batches of " + std::to_string(options_.batch_size);
  if (options_.drop_last) text += ", whole ones alone";
  if (!lengths_.empty()) text += ", sorted by length";
  if (options_.shuffle && !lengths_.empty())
    text += " in pools of " + std::to_string(options_.pool);
  if (options_.shuffle) text += ", shuffled by seed " + std::to_string(options_.seed);
  return text;
}

void DataLoaderBase::plan(int64_t epoch) {
  if (planned_ == epoch) return;
  const BatchSize size = size_of(options_);
  if (lengths_.empty()) {
    plan_ = batches_in_order(
        options_.shuffle ? shuffled_numbers(items_, options_.seed, epoch) : ordered_numbers(items_),
        size);
  } else {
    plan_ = options_.shuffle ? shuffled_batches(lengths_, size, options_.seed, epoch)
                             : sorted_batches(lengths_, size);
  }
  planned_ = epoch;
}

std::shared_ptr<void> DataLoaderBase::make_batch(int64_t batch) {
  const NoGrad no_history;
  const ProductPrecision as_on_any_thread(Precision::single);
  const KeepGenerator keep;
  Generator& generator = default_generator();
  generator = Generator(options_.seed, batch_streams + static_cast<uint64_t>(planned_));
  generator.set_position(static_cast<uint64_t>(batch) << batch_bits);
  return make(plan_[static_cast<std::size_t>(batch)]);
}

std::shared_ptr<void> DataLoaderBase::take() {
  plan(position_.epoch);
  std::shared_ptr<void> batch;
  if (options_.ahead == 0) {
    batch = make_batch(position_.batch);
  } else {
    if (!worker_) worker_ = std::make_unique<Worker>(*this, position_.batch);
    try {
      batch = worker_->take();
    } catch (...) {
      stop();
      throw;
    }
  }
  if (++position_.batch == batches_) {
    stop();
    position_ = {position_.epoch + 1, 0};
  }
  return batch;
}

}  // namespace heed
