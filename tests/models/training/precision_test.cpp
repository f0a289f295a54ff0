// Trainings whose products are in bfloat16, emulated: any processor has them so.
#include <catch2/catch.hpp>

#include <cmath>
#include <set>

#include "../../../core/bfloat16.hpp"
#include "../../../core/cpu.hpp"
#include "../../../core/error.hpp"
#include "../../../core/onednn.hpp"
#include "../../../core/parallel.hpp"
#include "../../../models/training/training_checkpoint.hpp"
#include "../../../models/transformer.hpp"
#include "../../../optim/adam.hpp"
#include "../../../optim/clipping.hpp"
#include "../../temporary_folder.hpp"
#include "../model_support.hpp"
#include "training_support.hpp"

using namespace heed;
using namespace training_support;

namespace {

/// A net whose products are large enough to be rounded.
struct WideNet {
  Linear hidden{64, 128}, output{128, 64};
  Dropout dropout{0.1};
  Tensor operator()(const Tensor& x) const { return output(dropout(tanh(hidden(x)))); }
  void members(Members& m) { m("hidden", hidden)("output", output)("dropout", dropout); }
};

/// The precision of each loss: with a history, and without one (validations).
std::set<Precision> in_training, in_validation;

Tensor loss_of_wide(const WideNet& net, const Tensor& x) {
  (grad_enabled() ? in_training : in_validation).insert(product_precision);
  return mean(square(net(x) - square(x)));
}

TrainingResult train_wide(const std::string& folder, Precision precision, int64_t steps = 12,
                          FolderUse use = FolderUse::fresh) {
  manual_seed(2);
  std::vector<Tensor> batches;
  for (int i = 0; i < 5; ++i) batches.push_back(Tensor::randn({96, 64}));
  const std::vector<Tensor> held_out = {Tensor::randn({96, 64})};
  WideNet net;
  ModuleTask task(net, batches, held_out, loss_of_wide);
  TrainerOptions options{.folder = folder, .use = use, .catch_signals = false};
  options.training.epochs = 0;
  options.training.steps = steps;
  options.training.validate_every = 4;
  options.training.precision = precision;
  return Trainer(task, options).run();
}

std::string weights_of(const std::string& folder) {
  return read_file(folder + "/model.safetensors");
}

/// 48 random sentences to be copied.
text::Batch sentences_to_copy(Generator& generator) {
  text::EncodedPairs pairs;
  std::vector<int64_t> all;
  const uint64_t length = 5 + generator.below(3);
  for (int64_t k = 0; k < 48; ++k) {
    std::vector<int32_t> words;
    for (uint64_t i = 0; i < length; ++i) {
      words.push_back(4 + static_cast<int32_t>(generator.below(15)));
    }
    words.push_back(Vocabulary::eos);
    pairs.source.push_back(words);
    pairs.target.push_back(words);
    all.push_back(k);
  }
  return text::make_batch(pairs, all);
}

/// The losses of 200 steps, each with new sentences.
std::vector<double> losses(TranslationModel model, Precision precision) {
  Generator generator(5);
  const std::vector<Tensor> weights = parameters(model);
  Adam optimizer(weights, {.lr = 1e-3});
  const ProductPrecision multiplying(precision);
  std::vector<double> result;
  for (int step = 0; step < 200; ++step) {
    const text::Batch b = sentences_to_copy(generator);
    optimizer.zero_grad();
    const Tensor loss =
        model.loss(b.source, b.source_keep, b.target_in, b.target_out, {.label_smoothing = 0.1});
    loss.backward();
    clip_grad_norm(weights, 1);
    optimizer.step();
    result.push_back(loss.item());
  }
  return result;
}

/// The means of 20 losses after the other are within 1 %, and they fall.
template <class Make>
void check_learns_alike(const Make& make) {
  const ReplacedProduct emulated(emulated_product);
  const std::vector<double> single = losses(make(), Precision::single);
  const std::vector<double> rounded = losses(make(), Precision::bfloat16);
  CHECK(single != rounded);
  double first = 0;
  for (std::size_t begin = 0; begin < 200; begin += 20) {
    double a = 0, b = 0;
    for (std::size_t i = begin; i < begin + 20; ++i) {
      a += single[i];
      b += rounded[i];
    }
    INFO("from step " << begin << ": " << a / 20 << " and " << b / 20);
    CHECK(std::abs(b / a - 1) < 0.01);
    if (begin == 0) first = b;
    if (begin == 180) CHECK(b < 0.8 * first);
  }
}

}  // namespace

TEST_CASE("training.precision is that of training steps and not of validations") {
  const ReplacedProduct emulated(emulated_product);
  TemporaryFolder folder;
  for (const Precision precision : {Precision::single, Precision::bfloat16}) {
    in_training.clear();
    in_validation.clear();
    train_wide(folder / to_string(precision), precision);
    CHECK(in_training == std::set{precision});
    CHECK(in_validation == std::set{Precision::single});
  }
  CHECK(product_precision == Precision::single);
  CHECK((weights_of(folder / "float32") != weights_of(folder / "bfloat16")));
}

TEST_CASE("a training in bfloat16 leaves the same bits on one thread and when it is resumed") {
  const ReplacedProduct emulated(emulated_product);
  TemporaryFolder folder;
  train_wide(folder / "a", Precision::bfloat16);
  const int before = threads();
  set_threads(1);
  train_wide(folder / "b", Precision::bfloat16);
  set_threads(before);
  CHECK((weights_of(folder / "b") == weights_of(folder / "a")));
  train_wide(folder / "c", Precision::bfloat16, 7);
  train_wide(folder / "c", Precision::bfloat16, 12, FolderUse::resume);
  CHECK((weights_of(folder / "c") == weights_of(folder / "a")));
}

TEST_CASE("a training in bfloat16 is refused before anything is written where it would be slow") {
  if (has_bfloat16() && onednn::is_fast()) return;
  TemporaryFolder folder;
  CHECK_THROWS_AS(train_wide(folder / "run", Precision::bfloat16), ConfigError);
  CHECK_FALSE(path_exists(folder / "run"));
}

TEST_CASE("a Transformer learns in bfloat16 as in float32") {
  check_learns_alike([] {
    manual_seed(1);
    TransformerConfig config = model_support::small_transformer();
    config.d_model = 64;
    config.heads = 4;
    config.encoder_layers = config.decoder_layers = 1;
    config.feed_forward = 128;
    config.dropout = 0;
    return TranslationModel(Transformer(config));
  });
}

TEST_CASE("an RNNsearch learns in bfloat16 as in float32") {
  check_learns_alike([] {
    manual_seed(1);
    RecurrentConfig config = model_support::small_config();
    config.embedding = config.readout_size = 32;
    config.hidden = config.attention_size = 64;
    return TranslationModel(RNNsearch(config));
  });
}
