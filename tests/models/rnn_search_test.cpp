#include "model_support.hpp"

#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../models/encoder_decoder.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

/// The logits by the model's own steps, as a program with its headers alone calls them.
template <class Model>
Tensor logits_by_steps(const Model& model, const text::Batch& batch) {
  const RecurrentSource x = model.encode(batch.source, batch.source_keep);
  const DecoderInput words = model.decoder.read(model.target_embedding(batch.target_in), x.c);
  DecoderState s = x.start;
  std::vector<Tensor> logits;
  for (int64_t i = 0; i < batch.target_in.size(1); ++i) {
    const DecoderStep step = model.step(x, s, words.at(i));
    const Tensor t = model.readout(step.terms);
    logits.push_back(model.logits(t));
    s = step.s;
    if (s.fed.defined()) s.fed = t;
  }
  return stack(logits, 1);
}

}  // namespace

TEST_CASE("the steps of a recurrent model are calls, and together its teacher forcing") {
  const text::Batch batch = text::make_batch(random_pairs({5, 2}, {3, 4}), {0, 1});
  const auto forced = [&](const auto& model) {
    return model(batch.source, batch.source_keep, batch.target_in);
  };
  RecurrentConfig config = small_config();
  for (const bool feeding : {false, true}) {
    config.input_feeding = feeding;
    const RNNsearch search(config);
    const EncoderDecoder fixed(config);
    CHECK(difference(logits_by_steps(search, batch), forced(search)) < 1e-6);
    CHECK(difference(logits_by_steps(fixed, batch), forced(fixed)) < 1e-6);
  }
}

TEST_CASE("a recurrent decoder refuses a step without a context, and one with two") {
  const RNNsearch search(small_config());
  const EncoderDecoder fixed(small_config());
  const Tensor source = Tensor::full({2, 3}, 4, int32), keep = Tensor::full({2, 3}, 1, boolean);
  const RecurrentSource x = search.encode(source, keep), y = fixed.encode(source, keep);
  const Tensor Ey = search.target_embedding(source);  // [B, T, E]
  CHECK_THROWS_WITH(fixed.step(y, y.start, fixed.decoder.read(Ey).at(0)),
                    Contains("neither the input nor the step has a context") &&
                        Contains("read(Ey, c), of an EncoderDecoder with source.c"));
  CHECK_THROWS_WITH(search.step(x, x.start, search.decoder.read(Ey, y.c).at(0)),
                    Contains("read with a context and the step has another"));
  CHECK_THROWS_WITH(fixed.decoder.read(select(Ey, 1, 0), y.c),
                    Contains("words are [2, 5], their context [2, 14], expected [B, T, E]"));
}

TEST_CASE("RNNsearch names and shapes its weights as the format pins them") {
  const RNNsearch model(small_config());
  std::vector<std::pair<std::string, Shape>> expected{{"source_embedding.weight", {23, 5}},
                                                      {"target_embedding.weight", {19, 5}},
                                                      {"encoder.weight_ih_l0", {21, 5}},
                                                      {"encoder.weight_hh_l0", {21, 7}},
                                                      {"encoder.bias_ih_l0", {21}},
                                                      {"encoder.bias_hh_l0", {21}},
                                                      {"encoder.weight_ih_l0_reverse", {21, 5}},
                                                      {"encoder.weight_hh_l0_reverse", {21, 7}},
                                                      {"encoder.bias_ih_l0_reverse", {21}},
                                                      {"encoder.bias_hh_l0_reverse", {21}},
                                                      {"initial.weight", {7, 7}},
                                                      {"initial.bias", {7}},
                                                      {"attention.query.weight", {11, 7}},
                                                      {"attention.key.weight", {11, 14}},
                                                      {"attention.energy.weight", {1, 11}},
                                                      {"decoder.cell.weight_ih", {21, 19}},
                                                      {"decoder.cell.weight_hh", {21, 7}},
                                                      {"decoder.cell.bias_ih", {21}},
                                                      {"decoder.cell.bias_hh", {21}},
                                                      {"readout.weight", {6, 26}},
                                                      {"readout.bias", {6}},
                                                      {"generator.weight", {19, 3}},
                                                      {"generator.bias", {19}}};
  const std::vector<NamedTensor> state = state_dict(model);
  REQUIRE(state.size() == expected.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    CHECK(state[i].name == expected[i].first);
    CHECK(state[i].tensor.shape() == expected[i].second);
  }
}

TEST_CASE("a tanh read-out has half the rows, and further encoder layers have their weights") {
  RecurrentConfig config = small_config();
  config.readout = Readout::tanh;
  config.encoder_layers = 2;
  const RNNsearch model(config);
  CHECK(model.readout.weight.shape() == Shape{3, 26});
  CHECK(model.encoder.cells.size() == 4);
  const text::Batch batch = text::make_batch(random_pairs({5, 2}, {3, 4}), {0, 1});
  CHECK(logits_of(model, batch).shape() == Shape{2, 4, 19});
}

TEST_CASE("RNNsearch: dropout acts in training alone, and draws again each time") {
  RecurrentConfig config = small_config();
  config.dropout = 0.3;
  manual_seed(9);
  RNNsearch model(config);
  const text::Batch batch = text::make_batch(random_pairs({4}, {5}), {0});
  CHECK(difference(logits_of(model, batch), logits_of(model, batch)) > 0);
  eval(model);
  CHECK(difference(logits_of(model, batch), logits_of(model, batch)) == 0);
}

TEST_CASE("RNNsearch starts as the paper says where it is asked to") {
  RecurrentConfig config = small_config();
  config.hidden = 31;
  RNNsearch model(config);
  initialize_as_paper(model);
  const Tensor square_of_gate = slice(model.decoder.cell.weight_hh, 0, 0, 31);
  const Tensor product = matmul(square_of_gate, transpose(square_of_gate, 0, 1));
  CHECK(difference(product, Tensor::eye(31)) < 1e-5);
  const auto alignment_weights = named_parameters(model.attention);
  REQUIRE(alignment_weights[2].name == "energy.weight");
  CHECK(sum(abs(alignment_weights[2].tensor)).item() == 0);
  for (const auto& [name, weight] : named_parameters(model)) {
    if (name.find("bias") != std::string::npos) CHECK(sum(abs(weight)).item() == 0);
  }
  CHECK(sum(abs(select(model.source_embedding.weight, 0, 0))).item() == 0);  // <pad>
  const double deviation = std::sqrt(mean(square(model.readout.weight)).item());
  CHECK(deviation == Approx(0.01).epsilon(0.2));
  const double alignment = std::sqrt(mean(square(alignment_weights[1].tensor)).item());
  CHECK(alignment == Approx(0.001).epsilon(0.2));
}

TEST_CASE("RNNsearch refuses sizes and ids that are out of range") {
  RecurrentConfig config = small_config();
  config.hidden = 0;
  CHECK_THROWS_AS(RNNsearch(config), ConfigError);
  const RNNsearch model(small_config());
  const Tensor keep = Tensor::full({1, 2}, 1, boolean);
  const Tensor good = Tensor::from<int32_t>({5, 3}, {1, 2});
  CHECK_THROWS_AS(model(Tensor::from<int32_t>({23, 3}, {1, 2}), keep, good), IndexError);
  CHECK_THROWS_AS(model(good, keep, Tensor::from<int32_t>({2, -1}, {1, 2})), IndexError);
  CHECK_THROWS_AS(model(good, Tensor::full({1, 3}, 1, boolean), good), ShapeError);
  CHECK_THROWS_AS(model(good, keep.to(int32), good), TypeError);
}

TEST_CASE("RNNsearch refuses a source without words or with another mask") {
  const RNNsearch model(small_config());
  const auto ids = [](const Shape& shape) { return Tensor::full(shape, 4, int32); };
  const auto keep = [](const Shape& shape) { return Tensor::full(shape, 1, boolean); };
  const std::string expected = "expected both [B, S] with S of at least 1";
  const auto refused = [&](const Tensor& source, const Tensor& mask) {
    CHECK_THROWS_AS(model.start_decoder(source, mask), ShapeError);
    CHECK_THROWS_WITH(model(source, mask, ids({3, 2})), Contains(expected));
  };
  refused(ids({3, 0}), keep({3, 0}));
  refused(ids({3}), keep({3}));
  refused(ids({3, 5}), keep({3, 4}));
  refused(ids({3, 5}), Tensor());
  CHECK_THROWS_WITH(check_source("Mine", ids({3, 0}), keep({3, 0})),
                    "Mine: source [3, 0], keep [3, 0]; expected both [B, S] with S of at least 1, "
                    "the end symbol");
  // A sentence of nothing but padding is no error: its context is 0.
  const Tensor logits = model(ids({1, 5}), Tensor::zeros({1, 5}, boolean), ids({1, 2}));
  for (const float value : logits.to_vector<float>()) CHECK(std::isfinite(value));
}
