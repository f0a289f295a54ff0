#include "../../../models/translate/translator.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"
#include "../../../models/translate/attention_alignment.hpp"
#include "../../../optim/adam.hpp"
#include "../../../optim/clipping.hpp"
#include "../counting_tokenizer.hpp"
#include "../model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Vocabulary letters() {
  return Vocabulary({"<pad>", "<unk>", "<s>", "</s>", "a", "b", "c", "d", "e", "f"});
}

std::string line_of(const std::vector<int32_t>& sentence) {
  std::vector<std::string> tokens = letters().decode(sentence);
  tokens.pop_back();
  return WordTokenizer().join(tokens);
}

/// Sentences of one to five of the letters and `<unk>`.
text::EncodedPairs copies(int64_t count, Generator& generator) {
  text::EncodedPairs pairs;
  for (int64_t i = 0; i < count; ++i) {
    std::vector<int32_t>& sentence = pairs.source.emplace_back();
    for (uint64_t k = generator.below(5) + 1; k > 0; --k) {
      const auto id = static_cast<int32_t>(generator.below(13));
      sentence.push_back(id < 6 ? 4 + id : id < 12 ? id - 2 : int32_t{Vocabulary::unk});
    }
    sentence.push_back(Vocabulary::eos);
  }
  pairs.target = pairs.source;
  return pairs;
}

/// An RNNsearch that has learnt to copy.
RNNsearch trained_to_copy() {
  manual_seed(11);
  RecurrentConfig config;
  config.source_vocab = config.target_vocab = 10;
  config.embedding = config.attention_size = config.readout_size = 16;
  config.hidden = 24;
  RNNsearch model(config);
  Adam optimizer(parameters(model), {.lr = 1e-2});
  Generator generator(12);
  for (int step = 0; step < 300; ++step) {
    const text::EncodedPairs pairs = copies(32, generator);
    std::vector<int64_t> all(32);
    for (int64_t i = 0; i < 32; ++i) all[static_cast<std::size_t>(i)] = i;
    const text::Batch batch = text::make_batch(pairs, all);
    const Tensor loss =
        cross_entropy(reshape(logits_of(model, batch), {-1, 10}), reshape(batch.target_out, {-1}),
                      {.ignore_index = Vocabulary::pad});
    optimizer.zero_grad();
    loss.backward();
    clip_grad_norm(parameters(model), 1);
    optimizer.step();
  }
  return model;
}

/// Trained once for all tests of this file.
const Translator& translator() {
  static const Translator trained(TranslationModel(trained_to_copy()), make_tokenizer("word"),
                                  letters(), letters());
  return trained;
}

std::vector<std::string> test_lines() {
  Generator generator(99);
  std::vector<std::string> lines;
  for (const auto& sentence : copies(60, generator).source) {
    if (std::find(sentence.begin(), sentence.end(), 1) == sentence.end()) {
      lines.push_back(line_of(sentence));
    }
  }
  return lines;
}

TranslateOptions with_beam(int64_t beam) {
  TranslateOptions options;
  options.search.beam = beam;
  return options;
}

}  // namespace

TEST_CASE("a small RNNsearch learns to copy, and looks at the word that it copies") {
  const std::vector<std::string> lines = test_lines();
  int64_t exact = 0, words = 0, aligned = 0;
  for (const Translation& t : translator().translate(lines, with_beam(1))) {
    const std::string source = WordTokenizer().join({t.source.begin(), t.source.end() - 1});
    exact += t.text == source;
    CHECK(t.source.back() == "</s>");
    CHECK(t.target.back() == "</s>");
    for (const auto& [i, j] : alignment(t)) {
      ++words;
      aligned += i == j;
    }
  }
  CHECK(exact >= static_cast<int64_t>(lines.size()) * 95 / 100);
  CHECK(aligned >= words * 9 / 10);
}

TEST_CASE("a line is translated in any batch as it is alone") {
  std::vector<std::string> lines = test_lines();
  lines.resize(20);
  for (const int64_t beam : {1, 4}) {
    TranslateOptions options = with_beam(beam);
    options.batch = 7;
    const auto together = translator().translate(lines, options);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Translation alone = translator().translate(lines[i], options);
      CHECK(alone.text == together[i].text);
      CHECK(alone.score == Approx(together[i].score).epsilon(1e-5).margin(1e-6));
      REQUIRE(together[i].attention.size() == 1);
      const auto& a = alone.attention[0].heads[0].weights;
      const auto& b = together[i].attention[0].heads[0].weights;
      REQUIRE(a.size() == alone.source.size() * alone.target.size());
      REQUIRE(a.size() == b.size());
      for (std::size_t k = 0; k < a.size(); ++k) CHECK(std::abs(a[k] - b[k]) < 1e-4);
    }
  }
}

TEST_CASE("the weights of a translation sum to one for each of its words") {
  for (const Translation& t : translator().translate(test_lines(), with_beam(3))) {
    const auto& weights = t.attention.at(0).heads.at(0).weights;
    for (std::size_t i = 0; i < t.target.size(); ++i) {
      double total = 0;
      for (std::size_t j = 0; j < t.source.size(); ++j) {
        total += static_cast<double>(weights[i * t.source.size() + j]);
      }
      CHECK(total == Approx(1).epsilon(1e-5).margin(1e-6));
    }
  }
}

TEST_CASE("an empty or blank line gives an empty translation") {
  const auto all = translator().translate({"", "a b", "   ", "\t"}, {});
  CHECK(all[0].text.empty());
  CHECK(all[1].text == "a b");
  CHECK(all[2].text.empty());
  CHECK(all[2].target.empty());
  CHECK(all[3].text.empty());
  CHECK(translator().translate(std::vector<std::string>{}).empty());
  CHECK(alignment(all[0]).empty());
}

TEST_CASE("n-best translations of a line are ranked, the first is the translation") {
  TranslateOptions options = with_beam(4);
  options.search.nbest = 3;
  const auto lists = translator().translate_nbest({"a b c", "", "d"}, options);
  REQUIRE(lists.size() == 3);
  CHECK(lists[0].size() == 3);
  CHECK(lists[1].size() == 1);
  CHECK(lists[0][0].text == translator().translate("a b c", with_beam(4)).text);
  CHECK(lists[0][0].score >= lists[0][1].score);
}

TEST_CASE("the score of a reference is what search found for the same words") {
  for (const char* line : {"a", "c d e", "f f a b"}) {
    const Translation t = translator().translate(line, with_beam(1));
    const ReferenceScore score = translator().score(line, t.text);
    CHECK(score.tokens == static_cast<int64_t>(t.target.size()));
    CHECK(score.log_probability ==
          Approx(t.score * static_cast<double>(t.target.size())).epsilon(1e-5).margin(1e-6));
    CHECK(score.log_probabilities.size() == t.target.size());
    CHECK(score.log_probability <= 0);
  }
}

TEST_CASE("scores do not depend on the batch, empty sides and unknown words count as they are") {
  const std::vector<std::string> sources{"a b", "", "f", "zebra a"},
      references{"a b", "a", "", "zebra <s> a"};
  const auto together = translator().score(sources, references);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const ReferenceScore alone = translator().score(sources[i], references[i]);
    CHECK(alone.log_probability == Approx(together[i].log_probability).epsilon(1e-5).margin(1e-6));
    CHECK(alone.tokens == together[i].tokens);
  }
  CHECK(together[2].tokens == 1);
  CHECK(together[3].tokens == 4);
  CHECK(together[0].log_probability > together[3].log_probability);
  CHECK_THROWS_WITH(translator().score(sources, {"a"}), Contains("4 sources, 1 references"));
  CHECK_THROWS_WITH(translator().score(sources, references, 0), Contains("score: batch 0"));
}

TEST_CASE("gradients of given translations are those of their loss, whatever the batches") {
  const std::vector<std::string> sources{"a b c", "f", "", "d e a"},
      references{"a c", "f a b c", "b", ""};
  const auto parameters = named_parameters(translator().model());
  const std::vector<float> collected = parameters[0].tensor.grad_array().to_vector<float>();
  const ReferenceGradients together = translator().gradients(sources, references);
  const ReferenceGradients apart = translator().gradients(sources, references, 1);
  double sum = 0;
  for (const ReferenceScore& score : translator().score(sources, references)) {
    sum -= score.log_probability;
  }
  CHECK(together.loss == Approx(sum).epsilon(1e-5));
  CHECK(apart.loss == Approx(sum).epsilon(1e-5));
  CHECK(parameters[0].tensor.grad_array().to_vector<float>() == collected);
  REQUIRE(together.gradients.size() == parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, gradient] = together.gradients[i];
    INFO(name);
    CHECK(name == parameters[i].name);
    const double largest = max(abs(gradient)).item();
    CHECK(largest > 0);
    CHECK(max(abs(gradient - apart.gradients[i].tensor)).item() <= 1e-4 * largest);
  }
  // The generator's bias shifts the logits: its gradient is what is expected less what was said.
  const Tensor& bias = together.gradients.back().tensor;
  CHECK(together.gradients.back().name == "generator.bias");
  CHECK(heed::sum(bias).item() == Approx(0).margin(1e-4));
  CHECK_THROWS_WITH(translator().gradients(sources, {"a"}), Contains("4 sources, 1 references"));
}

TEST_CASE("attention can be had for a given translation") {
  const Translation found = translator().translate("a b c", with_beam(1));
  const Translation read = translator().force_decode("a b c", found.text);
  CHECK(read.target == found.target);
  CHECK(read.score == Approx(found.score).epsilon(1e-5).margin(1e-6));
  const auto &a = found.attention.at(0).heads.at(0).weights,
             &b = read.attention.at(0).heads.at(0).weights;
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-5);
}

TEST_CASE("an unknown word can be replaced by the source word that it comes from") {
  TranslateOptions options = with_beam(1);
  const std::string before = translator().translate("a zebra b", options).text;
  CHECK_THAT(before, Contains("<unk>"));
  options.replace_unknown = true;
  options.attention = false;
  const Translation after = translator().translate("a zebra b", options);
  CHECK(after.text == "a zebra b");
  CHECK(after.attention.empty());
}

TEST_CASE("a line that is translated, scored or looked at is tokenised once") {
  const auto tokenizer = std::make_shared<CountingTokenizer>();
  const Translator counting(TranslationModel(trained_to_copy()), tokenizer, letters(), letters());
  counting.translate({"a b", " ", "c"}, with_beam(2), {"a", "", ""});
  CHECK(tokenizer->lines == std::vector<std::string>{"a b", "a", "c", ""});
  tokenizer->lines.clear();
  const std::vector<std::string> sources{"a b", "c"}, references{"b a", "d"};
  counting.score(sources, references);
  counting.force_decode("e", "f");
  std::sort(tokenizer->lines.begin(), tokenizer->lines.end());
  CHECK(tokenizer->lines == std::vector<std::string>{"a b", "b a", "c", "d", "e", "f"});
}

TEST_CASE("alignments are written as Pharaoh does") {
  Translation t;
  t.source = {"x", "y", "</s>"};
  t.target = {"p", "q", "</s>"};
  t.attention = {{"attention", {{{0.1f, 0.2f, 0.7f, 0.6f, 0.3f, 0.1f, 0, 0, 1}}}}};
  CHECK(pharaoh(alignment(t)) == "1-0 0-1");
  CHECK(pharaoh({}).empty());
}

TEST_CASE("a model of the user's own translates, with attention or without") {
  /// Says the source's words in turn.
  struct Parrot {
    Tensor operator()(const Tensor& source, const Tensor&, const Tensor& target) const {
      return Tensor::zeros({source.size(0), target.size(1), 10});
    }
    struct Turn final : Decoder {
      explicit Turn(const Tensor& x) : source(x) {}
      Tensor step(const Tensor&) override {
        const Tensor word = select(source, 1, std::min(at++, source.size(1) - 1));
        const Tensor hits = eq(unsqueeze(word, 1), unsqueeze(Tensor::arange(10, int32), 0));
        return log_softmax(hits.to(float32) * 20);
      }
      void reorder(const Tensor& sentences, const Tensor&) override {
        source = index_select(source, 0, sentences);
      }
      Tensor source;
      int64_t at = 0;
    };
    std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor&) const {
      return std::make_unique<Turn>(source);
    }
    void members(Members&) {}
  };
  const Translator parrot(TranslationModel(Parrot{}), make_tokenizer("word"), letters(), letters());
  const auto said = parrot.translate(std::vector<std::string>{"f e d", "a"}, with_beam(1));
  CHECK(said[0].text == "f e d");
  CHECK(said[1].text == "a");
  CHECK(said[0].attention.empty());
  CHECK(alignment(said[0]).empty());
  CHECK(parrot.score("a", "b").log_probability == Approx(2 * std::log(0.1)));
}

TEST_CASE("a translation starts with the prefix of its line, unknown words are <unk>") {
  const std::vector<std::string> lines{"a b c", "", "d e", "f"};
  const std::vector<std::string> prefixes{"a b", "c", "", "zebra <s>  e"};
  TranslateOptions options = with_beam(3);
  options.batch = 2;
  options.search.nbest = 2;
  const auto lists = translator().translate_nbest(lines, options, prefixes);
  for (const Translation& t : lists[0]) CHECK_THAT(t.text, Catch::Matchers::StartsWith("a b"));
  CHECK(lists[1][0].text.empty());
  CHECK(lists[2][0].text == translator().translate("d e", with_beam(3)).text);
  for (const Translation& t : lists[3]) {
    CHECK_THAT(t.text, Catch::Matchers::StartsWith("<unk> <unk> e"));
    CHECK(t.log_probabilities.size() == t.target.size());
  }
  const auto best = translator().translate(lines, options, prefixes);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(best[i].text == lists[i][0].text);
    const Translation alone = translator().translate(lines[i], options, prefixes[i]);
    CHECK(alone.text == best[i].text);
    CHECK(alone.score == Approx(best[i].score).epsilon(1e-5).margin(1e-6));
  }
}

TEST_CASE("prefixes of another number, and one that is too long, are refused by their line") {
  const std::vector<std::string> lines{"a", "b", "c"};
  CHECK_THROWS_WITH(translator().translate(lines, {}, {"a", "b"}),
                    "translate: 3 lines, 2 prefixes");
  TranslateOptions options = with_beam(2);
  options.search.max_length = 2;
  options.first_line = 40;
  const std::vector<std::string> prefixes{"a", "a b", "a b c"};
  CHECK_THROWS_WITH(translator().translate(lines, options, prefixes),
                    "translate: the prefix of line 43 has 3 tokens, the maximum length of its "
                    "translation is 2");
}

TEST_CASE("draws of a line depend on the seed and its number, not on the batch") {
  TranslateOptions options = with_beam(1);
  options.search.nbest = 6;
  options.search.sampling = Sampling{.temperature = 4, .seed = 5};
  const std::vector<std::string> lines{"a b c d", "e", "", "f f a", "b b"};
  const auto together = translator().translate_nbest(lines, options);
  options.batch = 1;
  const auto single = translator().translate_nbest(lines, options);
  int64_t different = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    options.first_line = static_cast<int64_t>(i);
    const auto alone = translator().translate_nbest({lines[i]}, options)[0];
    REQUIRE(together[i].size() == (lines[i].empty() ? 1 : 6));
    for (std::size_t k = 0; k < together[i].size(); ++k) {
      CHECK(together[i][k].text == single[i][k].text);
      CHECK(together[i][k].text == alone[k].text);
      CHECK(together[i][k].score == Approx(alone[k].score).epsilon(1e-5).margin(1e-6));
      different += together[i][k].text != together[i][0].text;
    }
  }
  CHECK(different >= 8);
  options.search.sampling->top_k = 11;
  CHECK_THROWS_WITH(translator().translate("a", options),
                    Contains("top_k 11 is more than the 10 words of the vocabulary"));
}

TEST_CASE("a translation repeats no n-gram if asked") {
  TranslateOptions options = with_beam(3);
  CHECK(translator().translate("a b a b", options).text == "a b a b");
  options.search.no_repeat_ngram = 2;
  const std::string text = translator().translate("a b a b", options).text;
  CHECK(text.find("a b") == text.rfind("a b"));
}

TEST_CASE("text is lower-cased where the model was trained so") {
  RecurrentConfig config = small_config();
  config.source_vocab = config.target_vocab = letters().size();
  const Translator lower(TranslationModel(RNNsearch(config)), make_tokenizer("word"), letters(),
                         letters(), true);
  CHECK(lower.translate("A b", with_beam(1)).source == std::vector<std::string>{"a", "b", "</s>"});
  CHECK(lower.translate("A", with_beam(1), "F b").target[0] == "f");
}

TEST_CASE("options of a translation that are out of range are refused, even without a line") {
  CHECK_THROWS_AS(translator().translate("a", with_beam(0)), ConfigError);
  CHECK_THROWS_AS(translator().translate(std::vector<std::string>{}, with_beam(0)), ConfigError);
  TranslateOptions options;
  options.batch = 0;
  CHECK_THROWS_AS(translator().translate("a", options), ConfigError);
  CHECK_THROWS_AS(
      Translator(TranslationModel(RNNsearch(small_config())), nullptr, letters(), letters()),
      ConfigError);
}
