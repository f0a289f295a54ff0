// The numbers of the papers, as docs/config.md lists them.
#include <catch2/catch.hpp>

#include <cmath>

#include "../../../core/random.hpp"
#include "../../../layers/initializers.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../models/config/training_recipe.hpp"
#include "../../../models/encoder_decoder.hpp"
#include "../../temporary_folder.hpp"
#include "../model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Vocabulary words(int64_t count) {
  std::vector<std::string> tokens = Vocabulary().tokens();
  while (std::ssize(tokens) < count) tokens.push_back("w" + std::to_string(tokens.size()));
  return Vocabulary(tokens);
}

/// Is every gate of a recurrent matrix orthogonal?
bool is_orthogonal(const Tensor& weight_hh) {
  const int64_t n = weight_hh.size(1);
  for (int64_t gate = 0; gate < weight_hh.size(0) / n; ++gate) {
    const Tensor square = slice(weight_hh, 0, gate * n, (gate + 1) * n);
    if (difference(matmul(square, transpose(square, 0, 1)), Tensor::eye(n)) > 1e-5) return false;
  }
  return true;
}

double deviation(const Tensor& weight) { return std::sqrt(mean(square(weight)).item()); }

}  // namespace

TEST_CASE("the preset paper of the recurrent models is Bahdanau, Cho and Bengio 2014") {
  for (const ModelKind kind : {ModelKind::rnn_search, ModelKind::encoder_decoder}) {
    const Config c = preset("paper", kind);
    CHECK(c.model == kind);
    CHECK(c.recurrent.embedding == 620);  // A.2.3
    CHECK(c.recurrent.hidden == 1000);
    CHECK(c.recurrent.attention_size == 1000);
    CHECK(c.recurrent.readout_size == 500);
    CHECK(c.recurrent.readout == Readout::maxout);
    CHECK(c.recurrent.cell == Cell::gru);
    CHECK(c.recurrent.reset == Reset::before);                   // A.1.1
    CHECK(c.recurrent.readout_state == ReadoutState::previous);  // A.2.2
    CHECK(c.recurrent.attention == Score::additive);
    CHECK(c.recurrent.dropout == 0);
    CHECK(c.training.initialisation == Initialisation::paper);  // B.1
    CHECK(c.training.optimizer == OptimizerKind::adadelta);     // B.2
    CHECK(c.training.rho == 0.95);
    CHECK(c.training.epsilon == 1e-6);
    CHECK(c.training.learning_rate == 1);
    CHECK(c.training.schedule == ScheduleKind::constant);
    CHECK(c.training.warmup == 0);
    CHECK(c.training.clip_norm == 1);
    CHECK(c.training.batch_sentences == 80);
    CHECK(c.training.batch_tokens == 0);
    CHECK(c.training.batch_pool == 20);
    CHECK(c.training.label_smoothing == 0);
    CHECK(c.training.steps == (kind == ModelKind::rnn_search ? 288'000 : 600'000));  // Table 2
    CHECK(c.training.epochs == 0);
    CHECK(c.data.max_length == 50);  // 4.2
    CHECK(c.data.max_vocabulary == 30'000);
    CHECK(c.search.length_penalty.alpha == 0);
  }
}

TEST_CASE("the preset paper of the Transformer is the base model of Vaswani et al. 2017") {
  const Config c = preset("paper", ModelKind::transformer);
  CHECK(c.transformer.d_model == 512);  // Table 3
  CHECK(c.transformer.heads == 8);
  CHECK(c.transformer.encoder_layers == 6);
  CHECK(c.transformer.decoder_layers == 6);
  CHECK(c.transformer.feed_forward == 2048);
  CHECK(c.transformer.norm == NormPlace::post);
  CHECK(c.transformer.positions == Positions::sinusoidal);
  CHECK(c.transformer.tie == Tie::all);  // 3.4
  CHECK(c.data.shared_vocabulary);       // 5.1
  CHECK(c.data.max_vocabulary == 37'000);
  CHECK(c.training.batch_tokens == 25'000);
  CHECK(c.training.steps == 100'000);  // 5.2
  CHECK(c.training.epochs == 0);
  CHECK(c.training.optimizer == OptimizerKind::adam);  // 5.3
  CHECK(c.training.beta1 == 0.9);
  CHECK(c.training.beta2 == 0.98);
  CHECK(c.training.epsilon == 1e-9);
  CHECK(c.training.clip_norm == 0);
  CHECK(c.transformer.dropout == 0.1);  // 5.4
  CHECK(c.transformer.attention_dropout == 0);
  CHECK(c.training.label_smoothing == 0.1);
  CHECK(c.training.average == 5);  // 6.1
  CHECK(c.search.beam == 4);
  CHECK(c.search.length_penalty.wu);
  CHECK(c.search.length_penalty.alpha == 0.6);
  CHECK(max_words(c.search, 7 + 1) == 7 + 50);
}

TEST_CASE("the learning rate of the preset paper of the Transformer is equation (3)") {
  const TrainingConfig training = preset("paper", ModelKind::transformer).training;
  const Schedule schedule = make_schedule(training, training.steps);
  for (const int step : {1, 17, 3999, 4000, 4001, 100'000}) {
    const double paper =
        std::pow(512, -0.5) * std::min(std::pow(step, -0.5), step * std::pow(4000, -1.5));
    CHECK(training.learning_rate * schedule(step) == Approx(paper).epsilon(1e-12));
  }
}

TEST_CASE("training.initialisation decides what a recurrent model starts from") {
  Config config;
  config.recurrent = small_config();
  config.recurrent.hidden = 31;
  for (const ModelKind kind : {ModelKind::rnn_search, ModelKind::encoder_decoder}) {
    config.model = kind;
    for (const bool paper : {false, true}) {
      config.training.initialisation = paper ? Initialisation::paper : Initialisation::standard;
      manual_seed(4);
      const TranslationModel model = make_model(config);
      const auto weights = state_dict(model);
      for (const auto& [name, weight] : weights) {
        INFO(to_string(kind) << ' ' << paper << ' ' << name);
        if (name.find("weight_hh") != std::string::npos) CHECK(is_orthogonal(weight) == paper);
        if (name.find("bias") != std::string::npos) CHECK((deviation(weight) == 0) == paper);
        if (name == "readout.weight") CHECK((deviation(weight) < 0.012) == paper);
      }
    }
  }
}

TEST_CASE("a model of the paper's initialisation is counted and loaded without its draws") {
  TemporaryFolder temporary;
  Config config;
  config.model = ModelKind::encoder_decoder;
  config.recurrent = small_config();
  const TranslationModel model = make_model(config);
  config.training.initialisation = Initialisation::paper;
  save_model_folder(temporary / "m", config, words(23), words(19), state_dict(model));
  manual_seed(5);
  const ModelFolder loaded = load_model_folder(temporary / "m");
  CHECK(loaded.config.training.initialisation == Initialisation::paper);
  const auto before = state_dict(model), after = state_dict(loaded.model);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(difference(before[i].tensor, after[i].tensor) == 0);
  }
  const uint64_t drawn = default_generator().position();
  manual_seed(5);
  config.training.initialisation = Initialisation::standard;
  make_model(config);
  CHECK(default_generator().position() == drawn);
  config.training.initialisation = Initialisation::paper;
  const ShapesOnly shapes_only;
  CHECK(parameter_count(make_model(config)) == parameter_count(model));
  CHECK(default_generator().position() == drawn);
}

TEST_CASE("the paper's initialisation is refused for the Transformer, whose paper has none") {
  Config config = preset("paper", ModelKind::transformer);
  config.set_vocabularies(23, 23);
  check(config);
  apply_setting(config, "training.initialisation=paper");
  CHECK_THROWS_WITH(check(config), Contains("training.initialisation") &&
                                       Contains("the Transformer's paper says nothing"));
}
