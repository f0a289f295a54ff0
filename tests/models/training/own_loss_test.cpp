// A model with a loss of its own: training, validation and gradients all go by it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "../../../core/operations.hpp"
#include "../../../models/rnn_search.hpp"
#include "../../../models/training/translation_task.hpp"
#include "../../../models/translate/translator.hpp"

using namespace heed;

namespace {

/// Its loss wants one weight to be 3 for each word, whatever the text says.
struct Stubborn {
  RNNsearch inner;
  Parameter weight{Tensor::zeros({1})};
  explicit Stubborn(const RecurrentConfig& config) : inner(config) {}

  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
    return inner(source, keep, target);
  }
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const {
    return inner.start_decoder(source, keep);
  }
  Tensor loss(const Tensor&, const Tensor&, const Tensor&, const Tensor& target_out,
              const CrossEntropyOptions& options) const {
    const Tensor each = sum(square(weight - 3.0));
    const auto words = target_out.to_vector<int32_t>();
    const auto padding = std::count(words.begin(), words.end(), options.ignore_index);
    const auto tokens = static_cast<double>(target_out.numel() - padding);
    return options.reduction == Reduction::sum ? each * tokens : each;
  }
  void members(Members& m) { m("inner", inner)("weight", weight); }
};

TranslationData two_sentences() {
  Config config;
  std::vector<std::string> notes;
  const ParallelText text{{"a b", "b"}, {"b a", "a"}};
  return make_translation_data(config, text, text, make_tokenizer("word"), notes);
}

}  // namespace

TEST_CASE("a model's own loss is what training minimises, validation measures and gradients show") {
  const TranslationData data = two_sentences();
  Config config;
  config.recurrent = {.embedding = 3, .hidden = 5, .attention_size = 2, .readout_size = 3};
  config.set_vocabularies(data.source_vocabulary.size(), data.target_vocabulary.size());
  config.training.learning_rate = 0.1;
  config.training.steps = 300;
  config.training.epochs = 0;
  config.training.validate_every = 1000;
  manual_seed(3);
  TranslationModel model{Stubborn(config.recurrent)};
  TranslationTask task(model, data, config);
  CHECK(task.validate().loss == 9);
  const Stubborn& own = *model.as<Stubborn>();
  const auto numbers = [](const Tensor& x) { return x.to_vector<float>(); };
  const std::vector<float> before = numbers(own.inner.generator.weight);
  Trainer(task, {.training = config.training, .catch_signals = false}).run();
  CHECK(numbers(own.weight)[0] == Approx(3).epsilon(1e-3));
  CHECK(numbers(own.inner.generator.weight) == before);
  CHECK(task.validate().loss == Approx(0).margin(1e-5));

  manual_seed(3);
  const Translator translator(TranslationModel(Stubborn(config.recurrent)), data.tokenizer,
                              data.source_vocabulary, data.target_vocabulary);
  const ReferenceGradients found = translator.gradients(data.valid.source, data.valid.target);
  CHECK(found.loss == 5 * 9);  // five words, end symbols included
  CHECK(found.gradients.back().name == "weight");
  CHECK(found.gradients.back().tensor.item() == 5 * -6);
}
