#include <catch2/catch.hpp>

#include <cmath>

#include "../../../core/error.hpp"
#include "../../../models/ensemble.hpp"
#include "../../../models/transformer.hpp"
#include "../../../models/translate/translator.hpp"
#include "../model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Vocabulary letters() {
  return Vocabulary({"<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "d", "e", "f"});
}

/// A Transformer with 5 learned positions.
Transformer of_five_positions() {
  TransformerConfig config = small_transformer();
  config.source_vocab = config.target_vocab = letters().size();
  config.positions = Positions::learned;
  config.max_length = 5;
  return Transformer(config);
}

}  // namespace

TEST_CASE("a line beyond the model's positions is cut, left out, or an error that names it") {
  const Translator five(TranslationModel(of_five_positions()), make_tokenizer("word"), letters(),
                        letters());
  const std::vector<std::string> lines{"a b", "a b c d e f", "c"};
  TranslateOptions options;
  options.first_line = 10;
  CHECK_THROWS_WITH(five.translate(lines, options),
                    "translate: line 12: 7 tokens, end symbol included; the model has 5 positions");
  options.too_long = TooLong::skip;
  const auto skipped = five.translate(lines, options);
  CHECK(skipped[1].text.empty());
  CHECK(skipped[1].source.empty());
  CHECK_THAT(skipped[1].problem, Contains("7 tokens"));
  options.too_long = TooLong::cut;
  const auto cut = five.translate(lines, options);
  CHECK(cut[1].text == five.translate("a b c d", options).text);
  CHECK(cut[1].source == std::vector<std::string>{"a", "b", "c", "d", "</s>"});
  CHECK_THAT(cut[1].problem, Contains("; cut"));
  for (const auto& some : {cut, skipped}) {
    CHECK(some[0].problem.empty());
    CHECK(some[2].text == five.translate("c", options).text);
  }
}

TEST_CASE(
    "a score of a pair beyond the model's positions is an error or nan, never of a cut pair") {
  const Translator five(TranslationModel(of_five_positions()), make_tokenizer("word"), letters(),
                        letters());
  const std::vector<std::string> sources{"a", "a", "a b c d e"}, targets{"b", "a b c d e", "b"};
  CHECK_THROWS_WITH(five.score(sources, targets),
                    Contains("line 2: 2 and 6 tokens") && Contains("5 positions for the target"));
  CHECK_THROWS_AS(five.score(sources, targets, 2, TooLong::cut), ConfigError);
  const auto scores = five.score(sources, targets, 2, TooLong::skip);
  CHECK(scores[0].log_probability == Approx(five.score("a", "b").log_probability));
  CHECK(std::isnan(scores[1].log_probability));
  CHECK(std::isnan(scores[2].log_probability));
  CHECK_THAT(scores[2].problem, Contains("5 positions for the source"));
}

TEST_CASE("the length limits of a model are its positions', of several models the smallest") {
  CHECK(TranslationModel(RNNsearch(small_config())).length_limits().source == INT64_MAX);
  RecurrentConfig location = small_config();
  location.attention = Score::location;
  location.max_length = 4;
  std::vector<TranslationModel> models;
  models.emplace_back(of_five_positions());
  models.emplace_back(RNNsearch(location));
  const LengthLimits limits = TranslationModel(Ensemble(std::move(models))).length_limits();
  CHECK(limits.source == 4);
  CHECK(limits.target == 5);
}
