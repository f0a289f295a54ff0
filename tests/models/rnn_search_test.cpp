#include "model_support.hpp"

#include <catch2/catch.hpp>

#include <heed/core/error.hpp>
#include <heed/core/gradcheck.hpp>

using namespace model_support;

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
  const Batch batch = make_batch(random_pairs({5, 2}, {3, 4}), {0, 1});
  CHECK(logits_of(model, batch).shape() == Shape{2, 4, 19});
}

TEST_CASE("RNNsearch: padding changes nothing, neither its length nor what stands in it") {
  manual_seed(3);
  const RNNsearch model(small_config());
  const EncodedPairs pairs = random_pairs({3, 7, 5}, {6, 2, 4});
  const Batch together = make_batch(pairs, {0, 1, 2});
  const Tensor all = logits_of(model, together);
  for (int64_t i = 0; i < 3; ++i) {
    const Batch alone = make_batch(pairs, {i});
    const Tensor one = logits_of(model, alone);
    const Tensor same = slice(slice(all, 0, i, i + 1), 1, 0, one.size(1));
    CHECK(difference(one, same) < 1e-5);
  }
  const Tensor noise = where(together.source_keep, together.source, Tensor::full({3, 7}, 9, int32));
  const Tensor other = model(noise, together.source_keep, together.target_in);
  CHECK(difference(all, other) == 0);
}

TEST_CASE("RNNsearch: a target word changes nothing before it") {
  manual_seed(4);
  const RNNsearch model(small_config());
  Batch batch = make_batch(random_pairs({5, 4}, {6, 6}), {0, 1});
  const Tensor before = logits_of(model, batch);
  batch.target_in.array().data<int32_t>()[4] += 1;
  const Tensor after = logits_of(model, batch);
  CHECK(difference(slice(before, 1, 0, 4), slice(after, 1, 0, 4)) == 0);
  CHECK(difference(slice(before, 1, 4, 5), slice(after, 1, 4, 5)) > 0);
}

TEST_CASE("RNNsearch: its gradients are those of central differences, for each variant") {
  RecurrentConfig config = small_config();
  SECTION("as it is") {}
  SECTION("reset gate before the product") { config.reset = Reset::before; }
  SECTION("tanh read-out") { config.readout = Readout::tanh; }
  manual_seed(5);
  RNNsearch model(config);
  to(model, float64);
  const Batch batch = make_batch(random_pairs({4, 2}, {2, 3}), {0, 1});
  const auto loss = [&](const std::vector<Tensor>&) {
    return cross_entropy(reshape(logits_of(model, batch), {-1, 19}),
                         reshape(batch.target_out, {-1}), {.ignore_index = Vocabulary::pad});
  };
  const auto result = gradcheck(loss, parameters(model));
  INFO(result.message);
  CHECK(result.ok);
}

TEST_CASE("RNNsearch: the alignment weights sum to one over the words, and are zero at padding") {
  manual_seed(6);
  const RNNsearch model(small_config());
  const Batch batch = make_batch(random_pairs({3, 7}, {5, 4}), {0, 1});
  const auto attention = model.attend(batch.source, batch.source_keep, batch.target_in);
  REQUIRE(attention.size() == 1);
  CHECK(attention[0].weights.shape() == Shape{2, 1, 5, 7});
  CHECK(difference(sum(attention[0].weights, {-1}), Tensor::ones({2, 1, 5})) < 1e-6);
  CHECK(sum(slice(select(attention[0].weights, 0, 0), -1, 3, 7)).item() == 0);
}

TEST_CASE("RNNsearch: word by word gives the log-probabilities of teacher forcing") {
  manual_seed(7);
  RNNsearch model(small_config());
  eval(model);
  const Batch batch = make_batch(random_pairs({3, 7, 5}, {6, 6, 6}), {0, 1, 2});
  const Tensor expected = log_softmax(logits_of(model, batch));
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  for (int64_t i = 0; i < 6; ++i) {
    const Tensor said = decoder->step(select(batch.target_in, 1, i));
    CHECK(difference(said, select(expected, 1, i)) < 1e-5);
  }
}

TEST_CASE("RNNsearch: hypotheses of a sentence share its annotations and follow their rows") {
  manual_seed(8);
  RNNsearch model(small_config());
  eval(model);
  const Batch batch = make_batch(random_pairs({3, 7}, {2, 2}), {0, 1});
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  const Tensor start = Tensor::full({2}, Vocabulary::bos, int32);
  decoder->step(start);
  // The second sentence alone goes on, with two hypotheses.
  decoder->reorder(Tensor::from<int32_t>({1}, {1}), Tensor::from<int32_t>({1, 1}, {2}));
  const Tensor two = decoder->step(Tensor::from<int32_t>({5, 11}, {2}));
  CHECK(two.shape() == Shape{2, 19});
  for (const int32_t word : {5, 11}) {
    const Tensor target = Tensor::from<int32_t>({Vocabulary::bos, word}, {1, 2});
    const Tensor logits =
        model(slice(batch.source, 0, 1, 2), slice(batch.source_keep, 0, 1, 2), target);
    const Tensor expected = select(log_softmax(logits), 1, 1);
    const int64_t row = word == 5 ? 0 : 1;
    CHECK(difference(slice(two, 0, row, row + 1), expected) < 1e-5);
  }
}

TEST_CASE("RNNsearch: dropout acts in training alone, and draws again each time") {
  RecurrentConfig config = small_config();
  config.dropout = 0.3;
  manual_seed(9);
  RNNsearch model(config);
  const Batch batch = make_batch(random_pairs({4}, {5}), {0});
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
  CHECK(sum(abs(model.attention.energy.weight)).item() == 0);
  CHECK(sum(abs(model.readout.bias)).item() == 0);
  const double deviation = std::sqrt(mean(square(model.readout.weight)).item());
  CHECK(deviation == Approx(0.01).epsilon(0.2));
  const double alignment = std::sqrt(mean(square(model.attention.key.weight)).item());
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
    CHECK_THROWS_WITH(model(source, mask, ids({3, 2})), Catch::Matchers::Contains(expected));
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
