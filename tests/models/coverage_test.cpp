#include <catch2/catch.hpp>

#include "../../models/ensemble.hpp"
#include "../../models/transformer.hpp"
#include "search/search_support.hpp"

using namespace search_support;
using Catch::Matchers::Contains;

namespace {

/// Starts with the word 4 (a little more probable) or 5, goes on with 6 and ends. A hypothesis that
/// starts with 4 looks at the first source word all the time, the other one at each in turn.
class Reader final : public Decoder {
 public:
  explicit Reader(int64_t sentences) : first_(static_cast<std::size_t>(sentences), 0) {}

  Tensor step(const Tensor& last) override {
    const auto ids = last.to_vector<int32_t>();
    std::vector<float> p, alpha;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (time_ == 1) first_[i] = ids[i];
      std::vector<float> row(V, -20.0f);
      row[4] = time_ == 0 ? -0.5f : -20.0f;
      row[5] = time_ == 0 ? -0.9f : -20.0f;
      row[time_ == 1 ? 6 : 3] = time_ == 0 ? -20.0f : -0.1f;
      p.insert(p.end(), row.begin(), row.end());
      for (int64_t j = 0; j < 4; ++j) {
        alpha.push_back(j == (first_[i] == 5 ? time_ - 1 : 0) ? 0.9f : 0.05f);
      }
    }
    ++time_;
    attention_ = Tensor::from(alpha, {last.size(0), 4});
    return Tensor::from(p, {last.size(0), V});
  }
  void reorder(const Tensor&, const Tensor& rows) override {
    std::vector<int32_t> next;
    for (const int32_t row : rows.to_vector<int32_t>()) {
      next.push_back(first_.at(static_cast<std::size_t>(row)));
    }
    first_ = next;
  }
  Tensor attention() const override { return attention_; }

 private:
  std::vector<int32_t> first_;
  int64_t time_ = 0;
  Tensor attention_;
};

SearchOptions with_coverage(double beta) {
  SearchOptions options = with_beam(2, 2);
  options.coverage_penalty = beta;
  return options;
}

template <class Model>
std::vector<std::vector<Hypothesis>> found_by(const Model& model,
                                              const std::vector<std::vector<int32_t>>& sources,
                                              const SearchOptions& options) {
  const text::SourceBatch batch = text::make_source_batch(sources);
  std::vector<int64_t> lengths;
  for (const auto& source : sources) lengths.push_back(static_cast<int64_t>(source.size()));
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  return search(*decoder, lengths, options);
}

Transformer random_transformer() {
  manual_seed(5);
  Transformer model(small_transformer());
  eval(model);
  return model;
}

/// The score by the formula, from whole forward passes: the mean over the models of the weights of
/// their last attention to the source, averaged over its heads.
double formula(const std::vector<AttentionWeights>& attentions, const Hypothesis& hypothesis,
               double beta, int64_t source_length) {
  double total = 0, penalty = 0;
  for (const double p : hypothesis.log_probabilities) total += p;
  for (int64_t j = 0; j + 1 < source_length; ++j) {
    double sum = 0;
    for (const AttentionWeights& one : attentions) {
      const int64_t H = one.weights.size(1), T = one.weights.size(2);
      for (int64_t h = 0; h < H; ++h) {
        for (int64_t t = 0; t < T; ++t) {
          sum += one.weights.at({0, h, t, j}) / static_cast<double>(H * std::ssize(attentions));
        }
      }
    }
    penalty += std::log(std::min(sum, 1.0));
  }
  return total / static_cast<double>(hypothesis.ids.size()) + beta * penalty;
}

}  // namespace

TEST_CASE("a coverage penalty prefers the hypothesis that looked at every word") {
  Reader plain(2), penalised(2);
  const auto before = search(plain, {4, 4}, with_coverage(0));
  const auto after = search(penalised, {4, 4}, with_coverage(0.5));
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(before[i][0].ids == std::vector<int32_t>{4, 6, 3});
    REQUIRE(after[i].size() == 2);
    CHECK(after[i][0].ids == std::vector<int32_t>{5, 6, 3});
    CHECK(after[i][1].ids == std::vector<int32_t>{4, 6, 3});
    // At each of the words but the end symbol, over three steps; no more than 1 counts.
    const double turns = std::log(0.95 + 0.05) + std::log(0.95 + 0.05) + std::log(0.15);
    CHECK(after[i][0].score == Approx(-1.1 / 3 + 0.5 * turns).epsilon(1e-5));
    CHECK(after[i][1].score == Approx(-0.7 / 3 + 0.5 * 2 * std::log(0.15)).epsilon(1e-5));
  }
}

TEST_CASE("the coverage penalty is Wu's formula for every model, in a batch as alone") {
  const auto sources = random_sentences({5, 1, 7, 3}, 23);
  SearchOptions options = with_beam(3, 3);
  options.coverage_penalty = 0.3;
  options.max_length = 6;
  std::vector<TranslationModel> members;
  members.emplace_back(random_model(4));
  members.emplace_back(random_transformer());
  std::vector<TranslationModel> models;
  models.emplace_back(random_model(4));
  models.emplace_back(random_transformer());
  models.emplace_back(Ensemble(std::move(members)));
  for (const TranslationModel& model : models) {
    const auto together = found_by(model, sources, options);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto alone = found_by(model, {sources[i]}, options)[0];
      REQUIRE(alone.size() == together[i].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == together[i][k].ids);
        CHECK(alone[k].score == Approx(together[i][k].score).epsilon(1e-5));
        const text::Batch batch = text::make_batch({{sources[i]}, {alone[k].ids}}, {0});
        std::vector<AttentionWeights> last;
        for (AttentionWeights& one :
             model.attention_weights(batch.source, batch.source_keep, batch.target_in)) {
          const bool first_layer = one.name.find("layers.0.multihead") != std::string::npos;
          if (one.queries == one.keys || first_layer) continue;
          last.push_back(std::move(one));
        }
        CHECK(alone[k].score ==
              Approx(formula(last, alone[k], 0.3, std::ssize(sources[i]))).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("a coverage penalty out of range is refused, and one of a model that does not attend") {
  const auto message = [](double beta) {
    return message_of<ConfigError>([&] { run({0}, with_coverage(beta)); });
  };
  CHECK_THAT(message(-1), Contains("coverage penalty -1"));
  CHECK_THAT(message(NAN), Contains("coverage penalty nan"));
  CHECK_THAT(message(INFINITY), Contains("coverage penalty inf"));
  CHECK_THAT(message(0.2), Contains("needs a model that attends"));
}
