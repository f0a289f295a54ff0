#pragma once

#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "../../../core/files/files.hpp"
#include "../../../core/operations.hpp"
#include "../../../layers/dropout.hpp"
#include "../../../layers/linear.hpp"
#include "../../../models/training/module_task.hpp"

namespace training_support {

/// A net that draws random numbers in training, so that the generator's position matters.
struct Net {
  heed::Linear hidden, output;
  heed::Dropout dropout;
  Net() : hidden(7, 11), output(11, 3), dropout(0.2) {}
  heed::Tensor operator()(const heed::Tensor& x) const {
    return output(dropout(heed::tanh(hidden(x))));
  }
  void members(heed::Members& m) { m("hidden", hidden)("output", output)("dropout", dropout); }
};

struct Example {
  heed::Tensor x, y;
};

inline std::vector<Example> examples(int count, uint64_t seed) {
  heed::KeepGenerator generator;
  heed::manual_seed(seed);
  std::vector<Example> batches;
  for (int i = 0; i < count; ++i) {
    const heed::Tensor x = heed::Tensor::randn({5, 7});
    batches.push_back({x, heed::square(heed::slice(x, 1, 0, 3))});
  }
  return batches;
}

inline heed::Tensor loss_of(const Net& net, const Example& example) {
  return heed::mean(heed::square(net(example.x) - example.y));
}

/// What an observer heard.
struct Record final : heed::TrainingObserver {
  std::vector<double> losses, rates, held_out;  ///< held_out: losses of the validations
  std::vector<std::string> warnings, notes;
  std::vector<int64_t> validations;
  void stepped(const heed::TrainingProgress& progress) override {
    losses.push_back(progress.loss);
    rates.push_back(progress.learning_rate);
  }
  void validated(int64_t step, const heed::Validation& found, bool) override {
    validations.push_back(step);
    held_out.push_back(found.loss);
  }
  void warn(const std::string& text) override { warnings.push_back(text); }
  void note(const std::string& text) override { notes.push_back(text); }
};

/// A task with a hook: from the first to the last bad batch (counted from 1; one that is asked for
/// twice counts once) the loss is NaN.
class NetTask final : public heed::TrainingTask {
 public:
  explicit NetTask(Net& net) : inner_(net, examples(13, 3), examples(2, 5), loss_of, 17) {}
  std::vector<heed::NamedTensor> parameters() override { return inner_.parameters(); }
  std::vector<heed::NamedTensor> state() override { return inner_.state(); }
  void load_state(const std::vector<heed::NamedTensor>& state) override {
    inner_.load_state(state);
  }
  int64_t start_epoch(int64_t epoch) override { return inner_.start_epoch(epoch); }
  int64_t tokens(int64_t batch) override { return 1 + batch % 3; }
  heed::Tensor loss(int64_t batch) override {
    calls += batch != last_batch;
    last_batch = batch;
    const bool bad = calls >= first_bad && calls <= last_bad;
    const heed::Tensor loss = inner_.loss(batch);
    return bad ? loss * std::numeric_limits<double>::quiet_NaN() : loss;
  }
  heed::Validation validate() override {
    if (scores.empty()) return inner_.validate();
    const double score = scores.front();
    if (scores.size() > 1) scores.erase(scores.begin());
    return {.loss = 1, .score = score, .metrics = {}};
  }
  std::vector<std::pair<std::string, std::string>> fingerprint() override {
    return {{"data", data}};
  }

  int64_t calls = 0, last_batch = -1, first_bad = 0, last_bad = -1;
  std::vector<double> scores;
  std::string data = "abc";

 private:
  using Batches = heed::MadeBatches<Example>;
  heed::ModuleTask<Net, Batches, Batches, heed::Tensor (*)(const Net&, const Example&)> inner_;
};

/// A training of a fresh net: what the tests vary, and what came of it.
struct Training {
  explicit Training(const std::string& folder) {
    options.folder = folder;
    options.training.learning_rate = 1e-2;
    options.training.epochs = 0;
    options.training.steps = 20;
    options.training.validate_every = 6;
    options.catch_signals = false;
  }
  heed::TrainingResult run() {
    heed::manual_seed(2);
    Net net;
    NetTask task(net);
    task.first_bad = first_bad;
    task.last_bad = last_bad;
    task.scores = scores;
    task.data = data;
    return heed::Trainer(task, options, &record).run();
  }

  heed::TrainerOptions options;
  int64_t first_bad = 0, last_bad = -1;
  std::vector<double> scores;
  std::string data = "abc";
  Record record;
};

/// The folder of a checkpoint, and the bytes of a file in it.
inline std::string checkpoint_path(const std::string& run, int64_t step) {
  char name[16];
  std::snprintf(name, sizeof name, "%06lld", static_cast<long long>(step));
  return run + "/checkpoints/" + name;
}
inline std::string checkpoint_file(const std::string& run, int64_t step, const char* file) {
  return heed::read_file(checkpoint_path(run, step) + '/' + file);
}
inline std::string weights_at(const std::string& run, int64_t step) {
  return checkpoint_file(run, step, "model.safetensors");
}

}  // namespace training_support
