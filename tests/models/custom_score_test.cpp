// A model with a score function of its program's own, as a folder.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/rnn_search.hpp"
#include "../../models/training/translation_task.hpp"
#include "../../models/translate/translator.hpp"
#include "../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

/// An additive score with another sign: the same names and shapes of weights.
struct Contrary {
  AdditiveScore inner;
  explicit Contrary(const RecurrentConfig& c)
      : inner({.query = c.hidden, .key = 2 * c.hidden, .size = c.attention_size}) {}
  Tensor project(const Tensor& annotations) const { return inner.project(annotations); }
  Tensor operator()(const Tensor& s, const Tensor& keys) const { return -inner(s, keys) * 9.0; }
  void members(Members& m) { inner.members(m); }
};

TranslationModel build(const Config& config) {
  return TranslationModel(RNNsearch(config.recurrent, ScoreFunction(Contrary(config.recurrent))));
}

struct Fixture {
  TemporaryFolder temporary;
  std::string folder = temporary / "m";
  Config config;
  TranslationData data;
  Fixture() {
    const ParallelText text{{"a b c", "b d"}, {"b a d c", "a"}};
    std::vector<std::string> notes;
    data = make_translation_data(config, text, text, make_tokenizer("word"), notes);
    config.recurrent = {.embedding = 5, .hidden = 7, .attention_size = 3, .readout_size = 4};
    config.recurrent.attention = Score::custom;
    config.set_vocabularies(data.source_vocabulary.size(), data.target_vocabulary.size());
    config.training.steps = 3;
    manual_seed(3);
  }
};

}  // namespace

TEST_CASE("a model with a score of its own is saved as such and translates alike once loaded") {
  Fixture f;
  TranslationModel model = build(f.config);
  TranslationTask task(model, f.data, f.config);
  Trainer(task, {.folder = f.folder, .training = f.config.training, .catch_signals = false}).run();
  CHECK_THAT(read_file(f.folder + "/config.json"), Contains("\"attention\": \"custom\""));

  const Translator loaded = Translator::load(f.folder, build);
  const Translator own(std::move(model), f.data.tokenizer, f.data.source_vocabulary,
                       f.data.target_vocabulary);
  for (const std::string& line : f.data.valid.source) {
    const Translation a = own.translate(line), b = loaded.translate(line);
    CHECK(a.text == b.text);
    CHECK(a.log_probabilities == b.log_probabilities);
    CHECK(a.attention[0].heads[0].weights == b.attention[0].heads[0].weights);
  }
}

TEST_CASE("a model with a score of its own is loaded as no other") {
  Fixture f;
  const std::vector<NamedTensor> weights = state_dict(build(f.config));
  save_model_folder(f.folder, f.config, f.data.source_vocabulary, f.data.target_vocabulary,
                    weights);
  CHECK_THROWS_WITH(load_model_folder(f.folder), Contains("config.json: attention \"custom\"") &&
                                                     Contains("Translator::load(folder, build)"));
  CHECK_THROWS_AS(Translator::load(f.folder), FormatError);
  CHECK_THROWS_AS(Translator::load_ensemble({f.folder}), FormatError);
  CHECK_THROWS_WITH(make_model(f.config), Contains("attention: custom"));

  Config additive = f.config;
  additive.recurrent.attention = Score::additive;
  CHECK_THROWS_WITH(build(additive), Contains("attention = Score::custom"));
}

TEST_CASE("a task refuses a configuration that describes another model than the one it trains") {
  Fixture f;
  TranslationModel model = build(f.config);
  Config additive = f.config;
  additive.recurrent.attention = Score::additive;
  CHECK_THROWS_WITH(TranslationTask(model, f.data, additive),
                    Contains("attention: \"custom\" there, \"additive\" here"));
}
