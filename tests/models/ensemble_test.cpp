#include "../../models/ensemble.hpp"

#include <catch2/catch.hpp>

#include "../../models/config/model_folder.hpp"
#include "../../models/transformer.hpp"
#include "../../models/translate/translator.hpp"
#include "../temporary_folder.hpp"
#include "search/search_support.hpp"

using namespace search_support;
using Catch::Matchers::Contains;

namespace {

/// A Transformer with random weights, in evaluation mode.
Transformer random_transformer(uint64_t seed, Positions positions = Positions::sinusoidal) {
  manual_seed(seed);
  TransformerConfig config = small_transformer();
  config.positions = positions;
  Transformer model(config);
  eval(model);
  return model;
}

template <class... Models>
Ensemble ensemble_of(Models... models) {
  std::vector<TranslationModel> all;
  (all.emplace_back(std::move(models)), ...);
  return Ensemble(std::move(all));
}

const std::vector<std::vector<int32_t>>& sources() {
  static const auto sentences = random_sentences({3, 6, 1, 5}, 23);
  return sentences;
}

template <class Model>
std::vector<std::vector<Hypothesis>> found_by(const Model& model, const SearchOptions& options,
                                              const std::vector<SentenceOptions>& given = {}) {
  const text::SourceBatch batch = text::make_source_batch(sources());
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  return search(*decoder, {3, 6, 1, 5}, options, given);
}

void check_same(const std::vector<std::vector<Hypothesis>>& a,
                const std::vector<std::vector<Hypothesis>>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    for (std::size_t k = 0; k < a[i].size(); ++k) {
      CHECK(a[i][k].ids == b[i][k].ids);
      CHECK(a[i][k].score == Approx(b[i][k].score).epsilon(1e-5));
    }
  }
}

/// The probabilities that `model` gives the next words.
template <class Model>
std::vector<double> probabilities(const Model& model, const text::Batch& batch) {
  NoGrad no_grad;
  return softmax(model(batch.source, batch.source_keep, batch.target_in))
      .to(float64)
      .template to_vector<double>();
}

/// Writes a model folder of one word's size on both sides; returns its path.
std::string saved_model(const std::string& folder, uint64_t seed,
                        const std::vector<std::string>& source_words,
                        const std::vector<std::string>& target_words) {
  const auto vocabulary = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"<pad>", "<unk>", "<s>", "</s>"});
    return Vocabulary(words);
  };
  Config config;
  config.recurrent = small_config();
  config.recurrent.source_vocab = static_cast<int64_t>(source_words.size()) + 4;
  config.recurrent.target_vocab = static_cast<int64_t>(target_words.size()) + 4;
  manual_seed(seed);
  save_model_folder(folder, config, vocabulary(source_words), vocabulary(target_words),
                    state_dict(make_model(config)));
  return folder;
}

}  // namespace

TEST_CASE("an ensemble of a model with itself finds the model's own words and scores") {
  const SearchOptions options = with_beam(4, 4);
  check_same(found_by(ensemble_of(random_model(1), random_model(1), random_model(1)), options),
             found_by(random_model(1), options));
  check_same(found_by(ensemble_of(random_transformer(2), random_transformer(2)), options),
             found_by(random_transformer(2), options));
}

TEST_CASE("an ensemble's probabilities are the mean of those of all its models, of any kinds") {
  const text::Batch batch = text::make_batch(random_pairs({3, 6}, {4, 2}), {0, 1});
  const Ensemble all = ensemble_of(random_model(1), random_transformer(2), random_model(3));
  const auto a = probabilities(random_model(1), batch), b = probabilities(all.models[1], batch),
             c = probabilities(random_model(3), batch), mean = probabilities(all, batch);
  REQUIRE(mean.size() == a.size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    CHECK(mean[i] == Approx((a[i] + b[i] + c[i]) / 3).epsilon(1e-5));
  }
}

TEST_CASE("an ensemble's steps are its forward pass, in beams, prefixes and draws") {
  const Ensemble all = ensemble_of(random_model(1), random_transformer(2));
  SearchOptions options = with_beam(4, 4);
  options.max_length = 8;
  std::vector<SentenceOptions> given;
  for (int64_t i = 0; i < 4; ++i) given.push_back({{7, 8}, i});
  if (GENERATE(false, true)) options.sampling = Sampling{.seed = 9};
  const auto found = found_by(all, options, given);
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const Hypothesis& hypothesis : found[i]) {
      const text::Batch batch = text::make_batch({{sources()[i]}, {hypothesis.ids}}, {0});
      NoGrad no_grad;
      const Tensor p = log_softmax(all(batch.source, batch.source_keep, batch.target_in));
      CHECK(std::vector<int32_t>(hypothesis.ids.begin(), hypothesis.ids.begin() + 2) ==
            std::vector<int32_t>{7, 8});
      for (std::size_t t = 0; t < hypothesis.ids.size(); ++t) {
        CHECK(hypothesis.log_probabilities[t] ==
              Approx(p.at({0, static_cast<int64_t>(t), hypothesis.ids[t]})).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("an ensemble ends where the first of its models does, and hands out all attentions") {
  const text::SourceBatch batch = text::make_source_batch(sources());
  const Ensemble all = ensemble_of(random_model(1), random_transformer(2, Positions::learned));
  CHECK(all.start_decoder(batch.source, batch.source_keep)->most_words() == 49);
  const auto attention = all.attention_weights(batch.source, batch.source_keep,
                                               Tensor::from(std::vector<int32_t>(4, 2), {4, 1}));
  REQUIRE(attention.size() == 7);
  CHECK(attention[0].name == "models.0.attention");
  CHECK(attention[6].name == "models.1.decoder.layers.1.multihead_attn");
}

TEST_CASE("an ensemble needs models with the same number of words") {
  CHECK_THROWS_WITH(Ensemble(std::vector<TranslationModel>{}), Contains("no model"));
  RecurrentConfig config = small_config();
  config.target_vocab = 17;
  const Ensemble all = ensemble_of(random_model(1), RNNsearch(config));
  CHECK_THROWS_WITH(found_by(all, with_beam(1)),
                    Contains("[4, 19]") && Contains("[4, 17]") && Contains("must be the same"));
}

TEST_CASE(
    "an ensemble of folders translates; other vocabularies are refused by their first token") {
  TemporaryFolder folder;
  const std::string a = saved_model(folder / "a", 1, {"x", "y"}, {"p", "q"}),
                    b = saved_model(folder / "b", 2, {"x", "y"}, {"p", "q"}),
                    source = saved_model(folder / "c", 3, {"x", "z"}, {"p", "q"}),
                    target = saved_model(folder / "d", 4, {"x", "y"}, {"p", "q", "r"});
  const Translation t = Translator::load_ensemble({a, b}).translate("x y");
  CHECK(t.attention.size() == 2);
  const auto score = [](const Translator& translator) {
    return translator.score("x y", "p q").log_probabilities[0];
  };
  const double mean =
      (std::exp(score(Translator::load(a))) + std::exp(score(Translator::load(b)))) / 2;
  CHECK(score(Translator::load_ensemble({a, b})) == Approx(std::log(mean)).epsilon(1e-5));
  const auto message = [&](const std::vector<std::string>& folders) {
    return message_of<DataError>([&] { Translator::load_ensemble(folders); });
  };
  CHECK(message({a, b, source}) == "ensemble: the source vocabularies differ from token 5 on: " +
                                       a + " has 'y', " + source + " has 'z'");
  CHECK(message({a, target}) == "ensemble: the target vocabularies differ from token 6 on: " + a +
                                    " has no more, " + target + " has 'r'");
  CHECK_THROWS_AS(Translator::load_ensemble({}), ConfigError);
}
