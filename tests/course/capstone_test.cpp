#include <catch2/catch.hpp>

// The learner's.
#include <encoder_decoder.hpp>
#include <learn.hpp>
#include <scores.hpp>
#include <transformer.hpp>

#include "../../heed.hpp"

namespace {

/// Twelve batches of five pairs; words are 4 to 11, sentences of 1 to 7 words.
std::vector<capstone::Batch> batches() {
  std::mt19937_64 bits(3);
  std::vector<capstone::Batch> all;
  for (int i = 0; i < 12; ++i) {
    std::vector<capstone::Pair> pairs(5);
    for (capstone::Pair& pair : pairs) {
      for (auto n = 1 + bits() % 7; n > 0; --n) pair.source.push_back(4 + bits() % 8);
      for (auto n = 1 + bits() % 7; n > 0; --n) pair.target.push_back(4 + bits() % 8);
      pair.source.push_back(capstone::eos);
    }
    all.push_back(capstone::batch_of(pairs));
  }
  return all;
}

heed::Tensor ids(const course::Sentences& x) { return heed::Tensor::from(x.ids, {x.B, x.S}); }

heed::Tensor keep(const course::Sentences& x) {
  return heed::Tensor::from(*x.keep.data, {x.B, x.S}).to(heed::boolean);
}

/// heed's model with the learner's weights, in float64.
template <class Model>
void load(Model& model, const std::vector<std::pair<std::string, course::Array>>& weights) {
  heed::to(model, heed::float64);
  std::vector<heed::NamedTensor> state;
  for (const auto& [name, a] : weights) {
    const heed::Shape shape(a.shape.data(), static_cast<int64_t>(a.shape.size()));
    state.push_back({name, heed::Tensor::from(*course::contiguous(a).data, shape)});
  }
  heed::load_state_dict(model, state);
}

/// The loss before each step, with heed's own functions, as in the capstone's learn.hpp.
template <class Model>
std::vector<double> losses_of(Model& model) {
  heed::Adam adam(heed::parameters(model), {.lr = 4e-3});
  std::vector<double> losses;
  for (const capstone::Batch& batch : batches()) {
    const heed::Tensor logits = model(ids(batch.source), keep(batch.source), ids(batch.before));
    const heed::Tensor after = heed::Tensor::from(batch.after, {logits.size(0), logits.size(1)});
    const heed::Tensor loss = heed::cross_entropy(heed::reshape(logits, {-1, logits.size(2)}),
                                                  heed::reshape(after, {-1}), {.ignore_index = -1});
    adam.zero_grad();
    loss.backward();
    heed::clip_grad_norm(heed::parameters(model), 1);
    adam.step();
    losses.push_back(loss.item());
  }
  return losses;
}

template <class Logits>
std::vector<double> losses_of(course::Adam& adam, const Logits& logits) {
  std::vector<double> losses;
  for (const capstone::Batch& batch : batches()) {
    losses.push_back(capstone::train_step(logits, batch, adam));
  }
  return losses;
}

void check_equal(const std::vector<double>& course, const std::vector<double>& heed) {
  REQUIRE(course.size() == heed.size());
  for (std::size_t i = 0; i < course.size(); ++i) {
    INFO("step " << i + 1);
    CHECK(course[i] == Approx(heed[i]).epsilon(1e-9));
  }
  CHECK(course.back() < course.front());
}

}  // namespace

TEST_CASE("the course's RNNsearch has heed's losses, step by step") {
  const course::Sizes sizes{12, 12, 6, 7, 5};
  course::RNNsearch model;
  const std::vector<course::Parameter> all = course::parameters(model, sizes, 8);
  course::Adam adam{.parameters = course::draw(all, 1), .rate = 4e-3};
  std::vector<std::pair<std::string, course::Array>> weights;
  for (const course::Parameter& one : all)
    weights.emplace_back(one.name, course::copy(one.tensor->value()));
  heed::RNNsearch twin({.source_vocab = 12,
                        .target_vocab = 12,
                        .embedding = 6,
                        .hidden = 7,
                        .attention_size = 8,
                        .readout_size = 5});
  load(twin, weights);
  check_equal(losses_of(adam,
                        [&](const capstone::Batch& x) {
                          const auto memory = course::annotate(model, x.source);
                          return course::search(model, course::hide_padding(memory, x.source.keep),
                                                x.before)
                              .logits;
                        }),
              losses_of(twin));
}

TEST_CASE("the course's Transformer has heed's losses, step by step") {
  const course::TransformerSizes sizes{12, 12, 8, 2, 2, 12};
  std::vector<course::Tensor> all;
  const course::Transformer model = course::new_transformer(sizes, 1, all);
  course::Adam adam{.parameters = all, .rate = 4e-3};
  std::vector<std::pair<std::string, course::Array>> weights;
  course::make_transformer(sizes, [&](const std::string& name, const course::Shape&) {
    const course::Tensor& next = all[weights.size()];
    weights.emplace_back(name, course::copy(next.value()));
    return next;
  });
  heed::TransformerConfig config;
  config.source_vocab = config.target_vocab = 12;
  config.d_model = 8;
  config.heads = 2;
  config.encoder_layers = config.decoder_layers = 2;
  config.feed_forward = 12;
  config.dropout = 0;
  config.norm = heed::NormPlace::post;
  heed::Transformer twin(config);
  load(twin, weights);
  check_equal(losses_of(adam,
                        [&](const capstone::Batch& x) {
                          return course::decode(model, course::encode(model, x.source), x.source,
                                                x.before);
                        }),
              losses_of(twin));
}
