#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../layers/module.hpp"
#include "../data/data_loader.hpp"
#include "trainer.hpp"

namespace heed {

/// Batches that are made already; with `shuffle` each epoch has another order of them.
template <class B>
class MadeBatches {
 public:
  MadeBatches(std::vector<B> batches, bool shuffle, uint64_t seed)
      : batches_(std::move(batches)), shuffle_(shuffle), seed_(seed) {}
  int64_t start(int64_t epoch) {
    const auto count = static_cast<int64_t>(batches_.size());
    if (shuffle_) order_ = shuffled_numbers(count, seed_, epoch);
    return count;
  }
  bool empty() const { return batches_.empty(); }
  int64_t items(int64_t) const { return 1; }
  const B& at(int64_t batch) {
    const auto i = static_cast<std::size_t>(batch);
    return batches_[shuffle_ ? static_cast<std::size_t>(order_[i]) : i];
  }
  std::string description() const {
    const std::string order = shuffle_ ? ", shuffled by seed " + std::to_string(seed_) : "";
    return std::to_string(batches_.size()) + " batches" + order;
  }

 private:
  std::vector<B> batches_;
  bool shuffle_;
  uint64_t seed_;
  std::vector<int64_t> order_;
};

/// The batches of a loader, which must live as long.
template <class Loader>
class LoadedBatches {
 public:
  explicit LoadedBatches(Loader& loader) : loader_(&loader) {}
  int64_t start(int64_t epoch) {
    loader_->seek({epoch, 0});
    at_ = {epoch, -1};
    items_.clear();
    for (int64_t i = 0; i < loader_->size(); ++i) items_.push_back(loader_->items(i));
    return loader_->size();
  }
  bool empty() const { return false; }
  int64_t items(int64_t batch) const { return items_[static_cast<std::size_t>(batch)]; }
  /// One after the other they come as in a loop; the last one may be asked for again.
  const typename Loader::Batch& at(int64_t batch) {
    if (at_.batch == batch) return *batch_;
    const DataPosition wanted{at_.epoch, batch};
    if (!(loader_->position() == wanted)) loader_->seek(wanted);
    batch_ = loader_->next();
    at_ = wanted;
    return *batch_;
  }
  std::string description() const { return loader_->description(); }

 private:
  Loader* loader_;
  DataPosition at_{0, -1};
  std::vector<int64_t> items_;
  std::optional<typename Loader::Batch> batch_;
};

/// The task of training `model` by `loss(model, batch)`, a function that gives a mean. The batches
/// come from a loader, or are made before, a `std::vector`, and shuffled for each epoch; held-out
/// ones, made or of a loader, are what `validate` measures, without dropout. Without
/// (`ModuleTask(net, loader, loss)`, or `{}` for them) the model is never validated. A loader's
/// batch weighs as much as it has items, where several make one update and in validation, made ones
/// all the same. The order of the batches goes by the loader's own seed, of made ones by `seed`
/// here, not by the trainer's.
///
///     auto loss = [](Net& net, const Example& b) { return mse_loss(net(b.x), b.y); };
///     ModuleTask task(net, train_loader, valid_loader, loss);
///     Trainer(task, {.folder = "run", .training = {.epochs = 10}}).run();
template <Module M, class Train, class Valid, class F>
class ModuleTask final : public TrainingTask {
 public:
  /// `model` and the loaders must live as long as the task. The model is put in training mode.
  template <class Data, class Collate, class HeldOut, class HeldOutCollate>
  ModuleTask(M& model, DataLoader<Data, Collate>& batches,
             DataLoader<HeldOut, HeldOutCollate>& held_out, F batch_loss)
      : model_(model), train_(batches), valid_(held_out), loss_(std::move(batch_loss)) {
    train(model_);
  }
  template <class Data, class Collate>
  ModuleTask(M& model, DataLoader<Data, Collate>& batches,
             std::vector<typename DataLoader<Data, Collate>::Batch> held_out, F batch_loss)
      : model_(model),
        train_(batches),
        valid_(std::move(held_out), false, 0),
        loss_(std::move(batch_loss)) {
    train(model_);
  }
  template <class Data, class Collate>
  ModuleTask(M& model, DataLoader<Data, Collate>& batches, F batch_loss)
      : ModuleTask(model, batches, {}, std::move(batch_loss)) {}
  template <class B, class Data, class Collate>
  ModuleTask(M& model, std::vector<B> batches, DataLoader<Data, Collate>& held_out, F batch_loss,
             uint64_t seed = 1)
      : model_(model),
        train_(std::move(batches), true, seed),
        valid_(held_out),
        loss_(std::move(batch_loss)) {
    train(model_);
  }
  template <class B>
  ModuleTask(M& model, std::vector<B> batches, F batch_loss, uint64_t seed = 1)
      : ModuleTask(model, std::move(batches), {}, std::move(batch_loss), seed) {}
  template <class B>
  ModuleTask(M& model, std::vector<B> batches, std::vector<B> held_out, F batch_loss,
             uint64_t seed = 1)
      : model_(model),
        train_(std::move(batches), true, seed),
        valid_(std::move(held_out), false, seed),
        loss_(std::move(batch_loss)) {
    train(model_);
  }

  std::vector<NamedTensor> parameters() override { return named_parameters(model_); }
  std::vector<NamedTensor> state() override { return state_dict(model_); }
  void load_state(const std::vector<NamedTensor>& state) override {
    load_state_dict(model_, state);
  }
  std::vector<std::pair<std::string, std::string>> fingerprint() override {
    return {{"training data", train_.description()}, {"validation data", valid_.description()}};
  }

  int64_t start_epoch(int64_t epoch) override { return batches_ = train_.start(epoch); }
  int64_t tokens(int64_t batch) override {
    check_batch(batch, batches_);
    return train_.items(batch);
  }
  Tensor loss(int64_t batch) override {
    check_batch(batch, batches_);
    return loss_(model_, train_.at(batch));
  }
  bool has_held_out() override { return !valid_.empty(); }
  Validation validate() override {
    const NoGrad no_grad;
    const EvalMode evaluating(model_);
    double sum = 0, items = 0;
    const int64_t batches = valid_.start(0);
    for (int64_t i = 0; i < batches; ++i) {
      const auto weight = static_cast<double>(valid_.items(i));
      const Tensor loss = loss_(model_, valid_.at(i));
      check_loss(loss);
      sum += weight * loss.item();
      items += weight;
    }
    const double loss = items > 0 ? sum / items : 0;
    return {.loss = loss, .score = -loss, .metrics = {}};
  }

 private:
  M& model_;
  Train train_;
  Valid valid_;
  F loss_;
  /// Of the epoch that was started.
  int64_t batches_ = 0;
};

template <class M, class Data, class Collate, class HeldOut, class HeldOutCollate, class F>
ModuleTask(M&, DataLoader<Data, Collate>&, DataLoader<HeldOut, HeldOutCollate>&, F)
    -> ModuleTask<M, LoadedBatches<DataLoader<Data, Collate>>,
                  LoadedBatches<DataLoader<HeldOut, HeldOutCollate>>, F>;
template <class M, class Data, class Collate, class F>
ModuleTask(M&, DataLoader<Data, Collate>&, std::vector<typename DataLoader<Data, Collate>::Batch>,
           F) -> ModuleTask<M, LoadedBatches<DataLoader<Data, Collate>>,
                            MadeBatches<typename DataLoader<Data, Collate>::Batch>, F>;
template <class M, class Data, class Collate, class F>
ModuleTask(M&, DataLoader<Data, Collate>&, F)
    -> ModuleTask<M, LoadedBatches<DataLoader<Data, Collate>>,
                  MadeBatches<typename DataLoader<Data, Collate>::Batch>, F>;
template <class M, class B, class Data, class Collate, class F>
ModuleTask(M&, std::vector<B>, DataLoader<Data, Collate>&, F, uint64_t = 1)
    -> ModuleTask<M, MadeBatches<B>, LoadedBatches<DataLoader<Data, Collate>>, F>;
template <class M, class B, class F>
ModuleTask(M&, std::vector<B>, F, uint64_t = 1) -> ModuleTask<M, MadeBatches<B>, MadeBatches<B>, F>;
template <class M, class B, class F>
ModuleTask(M&, std::vector<B>, std::vector<B>, F, uint64_t = 1)
    -> ModuleTask<M, MadeBatches<B>, MadeBatches<B>, F>;

}  // namespace heed
