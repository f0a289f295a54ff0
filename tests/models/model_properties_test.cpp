// What holds for every model and variant of model_variants.hpp: one test for each property.
#include "model_support.hpp"
#include "model_variants.hpp"

#include <catch2/catch.hpp>

#include <memory>

#include "../../core/error.hpp"
#include "../../core/gradcheck.hpp"
#include "../../core/parallel.hpp"
#include "../../layers/multi_head_attention.hpp"

using namespace model_support;

namespace {

/// A fresh model of the variant in evaluation mode: the same weights for the same seed.
TranslationModel made(const Variant& variant, uint64_t seed) {
  manual_seed(seed);
  TranslationModel model = variant.make();
  eval(model);
  return model;
}

Tensor logits_of(const TranslationModel& model, const text::Batch& batch) {
  return model(batch.source, batch.source_keep, batch.target_in);
}

/// Pairs whose words every variant knows.
text::EncodedPairs known_pairs(const std::vector<int64_t>& source,
                               const std::vector<int64_t>& target) {
  return {random_sentences(source, 19), random_sentences(target, 19)};
}

/// The best word at each step, by whole forward passes and nothing else.
std::vector<int32_t> greedy(const TranslationModel& model, const std::vector<int32_t>& source,
                            std::size_t limit) {
  const text::SourceBatch batch = text::make_source_batch({source});
  std::vector<int32_t> words;
  while (words.size() < limit) {
    std::vector<int32_t> input{Vocabulary::bos};
    input.insert(input.end(), words.begin(), words.end());
    const auto T = static_cast<int64_t>(input.size());
    const Tensor logits = model(batch.source, batch.source_keep, Tensor::from(input, {1, T}));
    const auto last = select(select(logits, 0, 0), 0, T - 1).to_vector<float>();
    int32_t best = Vocabulary::unk;
    for (int32_t id = Vocabulary::eos; id < static_cast<int32_t>(last.size()); ++id) {
      if (last[static_cast<std::size_t>(id)] > last[static_cast<std::size_t>(best)]) best = id;
    }
    words.push_back(best);
    if (best == Vocabulary::eos) return words;
  }
  words.push_back(Vocabulary::eos);
  return words;
}

std::vector<std::vector<Hypothesis>> searched(const TranslationModel& model,
                                              const std::vector<std::vector<int32_t>>& sentences,
                                              const SearchOptions& options) {
  const text::SourceBatch batch = text::make_source_batch(sentences);
  std::vector<int64_t> lengths;
  for (const auto& sentence : sentences) lengths.push_back(static_cast<int64_t>(sentence.size()));
  return search(*model.start_decoder(batch.source, batch.source_keep), lengths, options);
}

}  // namespace

TEST_CASE("every model: padding changes nothing, neither its length nor what stands in it") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 3);
    const text::EncodedPairs pairs = known_pairs({3, 7, 5}, {6, 2, 4});
    const text::Batch together = text::make_batch(pairs, {0, 1, 2});
    const Tensor all = logits_of(model, together);
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor one = logits_of(model, text::make_batch(pairs, {i}));
      CHECK(difference(one, slice(slice(all, 0, i, i + 1), 1, 0, one.size(1))) < 1e-5);
    }
    const Tensor keep = together.source_keep;
    const Tensor noise = where(keep, together.source, Tensor::full({3, 7}, 9, int32));
    CHECK(difference(all, model(noise, keep, together.target_in)) == 0);
  }
}

TEST_CASE("every model: a target word changes nothing before it") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 4);
    text::Batch batch = text::make_batch(known_pairs({5, 4}, {6, 6}), {0, 1});
    const Tensor before = logits_of(model, batch);
    batch.target_in.array().data<int32_t>()[4] = 11;
    const Tensor after = logits_of(model, batch);
    CHECK(difference(slice(before, 1, 0, 4), slice(after, 1, 0, 4)) == 0);
    CHECK(difference(slice(before, 1, 4, 6), slice(after, 1, 4, 6)) > 0);
  }
}

TEST_CASE("every model: word by word gives the log-probabilities of teacher forcing") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 7);
    const text::Batch batch = text::make_batch(known_pairs({3, 7, 5}, {41, 41, 41}), {0, 1, 2});
    const Tensor expected = log_softmax(logits_of(model, batch));
    const auto decoder = model.start_decoder(batch.source, batch.source_keep);
    for (int64_t i = 0; i < 41; ++i) {
      const Tensor said = decoder->step(select(batch.target_in, 1, i));
      CHECK(difference(said, select(expected, 1, i)) < 2e-5);
    }
  }
}

namespace {

/// A decoder's hypotheses, and what each has read: rows of a sentence stand together.
struct Followed {
  Followed(const TranslationModel& m, const text::Batch& b)
      : model(m), batch(b), decoder(m.start_decoder(b.source, b.source_keep)) {}

  /// Checks each row against a whole forward pass over what it has read.
  void step() {
    std::vector<int32_t> last;
    for (const auto& words : read) last.push_back(words.back());
    const auto rows = static_cast<int64_t>(last.size());
    const Tensor said = decoder->step(Tensor::from(last, {rows}));
    for (int64_t row = 0; row < rows; ++row) {
      const auto k = static_cast<std::size_t>(row);
      const int64_t sentence = owner[k], steps = static_cast<int64_t>(read[k].size());
      const Tensor logits = model(slice(batch.source, 0, sentence, sentence + 1),
                                  slice(batch.source_keep, 0, sentence, sentence + 1),
                                  Tensor::from(read[k], {1, steps}));
      const Tensor expected = select(log_softmax(logits), 1, steps - 1);
      CHECK(difference(slice(said, 0, row, row + 1), expected) < 2e-5);
    }
  }

  void reorder(const std::vector<int32_t>& sentences, const std::vector<int32_t>& rows) {
    decoder->reorder(Tensor::from(sentences, {static_cast<int64_t>(sentences.size())}),
                     Tensor::from(rows, {static_cast<int64_t>(rows.size())}));
    std::vector<std::vector<int32_t>> words;
    std::vector<int32_t> owners;
    for (const int32_t row : rows) {
      words.push_back(read[static_cast<std::size_t>(row)]);
      words.back().push_back(4 + static_cast<int32_t>(words.size()));
      owners.push_back(owner[static_cast<std::size_t>(row)]);
    }
    read = words;
    owner = owners;
  }

  const TranslationModel& model;
  const text::Batch& batch;
  std::unique_ptr<Decoder> decoder;
  std::vector<std::vector<int32_t>> read{3, {Vocabulary::bos}};
  std::vector<int32_t> owner{0, 1, 2};  // the sentence of each row
};

}  // namespace

TEST_CASE("every model: hypotheses follow their rows, whatever the order") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 8);
    const text::Batch batch = text::make_batch(known_pairs({3, 7, 5}, {2, 2, 2}), {0, 1, 2});
    Followed hypotheses(model, batch);
    hypotheses.step();
    hypotheses.reorder({0, 1, 2}, {0, 0, 0, 1, 1, 1, 2, 2, 2});  // three for each sentence
    hypotheses.step();
    hypotheses.reorder({0, 1, 2}, {1, 2, 0, 3, 4, 5, 8, 8, 6});  // a cycle, a rest, a copy
    hypotheses.step();
    hypotheses.reorder({0, 2}, {2, 1, 0, 7, 6, 7});  // the second sentence leaves
    hypotheses.step();
    hypotheses.reorder({1}, {5, 3, 4});
    hypotheses.step();
  }
}

TEST_CASE("every model: each row of each attention sums to one over the words kept") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 5);
    const text::Batch batch = text::make_batch(known_pairs({3, 7}, {5, 5}), {0, 1});
    const auto attention =
        model.attention_weights(batch.source, batch.source_keep, batch.target_in);
    REQUIRE(attention.empty() == variant.name.starts_with("encoder_decoder"));
    for (const AttentionWeights& one : attention) {
      INFO(one.name);
      const int64_t rows = one.queries == Side::source ? 7 : 5;
      const int64_t columns = one.keys == Side::source ? 7 : 5;
      const int64_t heads = one.weights.size(1);
      REQUIRE(one.weights.shape() == Shape{2, heads, rows, columns});
      // A query that is padding may have no word near: what it sees is nobody's concern.
      Tensor totals = sum(one.weights, {-1});
      const Tensor ones = Tensor::ones(totals.shape());
      if (one.queries == Side::source) {
        totals = where(unsqueeze(batch.source_keep, 1), totals, ones);
      }
      if (variant.name.ends_with("predictive window")) {  // damped around the place it predicts
        CHECK(max(totals).item() < 1);
        CHECK(max(-totals).item() < 0);
      } else {
        CHECK(difference(totals, ones) < 1e-5);
      }
      if (one.keys == Side::source) {
        CHECK(sum(slice(select(one.weights, 0, 0), -1, 3, 7)).item() == 0);
      } else {
        const Tensor ahead = logical_not(causal_keep(5, 5)).to(float32);
        CHECK(sum(one.weights * ahead).item() == 0);
      }
    }
  }
}

TEST_CASE("every model: a source without a word is refused, not read") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 2);
    const Tensor nothing = Tensor::zeros({2, 0}).to(int32),
                 keep = Tensor::zeros({2, 0}).to(boolean);
    const Tensor target = Tensor::full({2, 3}, Vocabulary::bos, int32);
    CHECK_THROWS_AS(model(nothing, keep, target), ShapeError);
    CHECK_THROWS_AS(model.start_decoder(nothing, keep), ShapeError);
  }
}

TEST_CASE("every model: a beam of one is greedy search") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 11);
    const auto sentences = random_sentences({4, 7, 2, 5}, 19);
    SearchOptions options;
    options.beam = 1;
    options.max_length = 9;
    const auto found = searched(model, sentences, options);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      CHECK(found[i][0].ids == greedy(model, sentences[i], 9));
    }
  }
}

TEST_CASE("every model: a beam finds the same in any batch") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 12);
    const auto sentences = random_sentences({4, 7, 2, 5, 3, 9}, 19);
    SearchOptions options;
    options.beam = options.nbest = 4;
    options.max_length = 12;
    const auto together = searched(model, sentences, options);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const auto alone = searched(model, {sentences[i]}, options)[0];
      REQUIRE(alone.size() == together[i].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == together[i][k].ids);
        CHECK(alone[k].score == Approx(together[i][k].score).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("every model: one thread gives the bits of two, gradients included") {
  const int before = threads();
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const TranslationModel model = made(variant, 9);
    const text::Batch batch = text::make_batch(known_pairs({41, 37, 41}, {41, 41, 30}), {0, 1, 2});
    const auto gradients = [&](int count) {
      set_threads(count);
      return grad({model.loss(batch.source, batch.source_keep, batch.target_in, batch.target_out,
                              {.ignore_index = Vocabulary::pad})},
                  parameters(model));
    };
    const std::vector<Tensor> one = gradients(1), two = gradients(2);
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(difference(one[i], two[i]) == 0);
  }
  set_threads(before);
}

TEST_CASE("every model: its gradients are those of central differences") {
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    TranslationModel model = made(variant, 6);
    to(model, float64);
    const text::Batch batch = text::make_batch(known_pairs({5, 3}, {3, 4}), {0, 1});
    const auto loss = [&](const std::vector<Tensor>&) {
      return model.loss(batch.source, batch.source_keep, batch.target_in, batch.target_out,
                        {.ignore_index = Vocabulary::pad});
    };
    const auto result = gradcheck(loss, parameters(model), {.rtol = 1e-5, .atol = 1e-8});
    INFO(result.message);
    CHECK(result.ok);
  }
}
