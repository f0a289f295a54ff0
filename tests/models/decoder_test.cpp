// What every model's decoder does with batches at the edge: none left, and numbers that don't fit.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../models/encoder_decoder.hpp"
#include "../../models/rnn_search.hpp"
#include "../../models/transformer.hpp"
#include "model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Tensor ids(const Shape& shape) { return Tensor::full(shape, 5, int32); }
Tensor numbers(const std::vector<int32_t>& values) {
  return Tensor::from(values, {static_cast<int64_t>(values.size())});
}
Tensor kept(const Shape& shape) { return Tensor::ones(shape, boolean); }

std::vector<TranslationModel> models() {
  RecurrentConfig recurrent = small_config();
  recurrent.input_feeding = recurrent.coverage = true;
  std::vector<TranslationModel> all;
  all.emplace_back(RNNsearch(recurrent));
  all.emplace_back(EncoderDecoder(recurrent));
  all.emplace_back(Transformer(small_transformer()));
  for (TranslationModel& model : all) eval(model);
  return all;
}

}  // namespace

TEST_CASE("a batch may be left by all of its sentences, or have none") {
  for (const TranslationModel& model : models()) {
    CHECK(model(ids({0, 3}), kept({0, 3}), ids({0, 2})).shape() == Shape{0, 2, 19});
    CHECK(model.start_decoder(ids({0, 3}), kept({0, 3}))->step(ids({0})).shape() == Shape{0, 19});
    const auto decoder = model.start_decoder(ids({2, 3}), kept({2, 3}));
    static_cast<void>(decoder->step(ids({2})));
    decoder->reorder(ids({0}), ids({0}));
    CHECK(decoder->step(ids({0})).shape() == Shape{0, 19});
    const Tensor attention = decoder->attention();
    if (attention.defined()) CHECK(attention.shape() == Shape{0, 3});
  }
}

TEST_CASE("a target is refused whose texts are not as many for each source sentence") {
  for (const TranslationModel& model : models()) {
    CHECK_THROWS_AS(model(ids({2, 3}), kept({2, 3}), ids({1, 2})), ShapeError);
    CHECK_THROWS_AS(model(ids({2, 3}), kept({2, 3}), ids({3, 4})), ShapeError);
  }
  for (const Shape& target : {Shape{3, 4}, Shape{4, 4}, Shape{1, 4}, Shape{2, 0}, Shape{2}}) {
    const auto message = Contains("the target is " + to_string(target) + ", expected [2, T]");
    CHECK_THROWS_WITH(RNNsearch(small_config())(ids({2, 3}), kept({2, 3}), ids(target)), message);
    CHECK_THROWS_WITH(EncoderDecoder(small_config())(ids({2, 3}), kept({2, 3}), ids(target)),
                      message);
  }
  const Transformer transformer(small_transformer());
  CHECK_THROWS_WITH(transformer(ids({2, 3}), kept({2, 3}), ids({3, 4})),
                    Contains("texts of the target: 3, sentences of the source: 2"));
}

TEST_CASE(
    "a recurrent model takes one text of the target for each sentence, with a word at least") {
  for (const TranslationModel& model : models()) {
    if (model.as<Transformer>()) continue;
    for (const Shape& shape : std::vector<Shape>{{3, 2}, {1, 2}, {0, 2}, {2, 0}, {2}, {2, 1, 2}}) {
      CHECK_THROWS_WITH(model(ids({2, 3}), kept({2, 3}), ids(shape)),
                        Contains(": the target is " + to_string(shape) + ", expected [2, T]"));
    }
  }
}

TEST_CASE("a decoder is stepped with a word for each hypothesis, and a refused one goes on") {
  for (const TranslationModel& model : models()) {
    const auto decoder = model.start_decoder(ids({2, 3}), kept({2, 3})),
               other = model.start_decoder(ids({2, 3}), kept({2, 3}));
    CHECK_FALSE(decoder->attention().defined());
    for (const int64_t R : {2, 4}) {
      for (const Shape& shape : std::vector<Shape>{{0}, {1}, {3}, {8}, {R, 1}, {}}) {
        CHECK_THROWS_WITH(decoder->step(ids(shape)),
                          Contains(": step: the last words are " + to_string(shape) +
                                   ", expected [" + std::to_string(R) + "]"));
      }
      CHECK(difference(decoder->step(ids({R})), other->step(ids({R}))) == 0);
      if (R == 4) continue;
      decoder->reorder(numbers({0, 1}), numbers({0, 0, 1, 1}));
      other->reorder(numbers({0, 1}), numbers({0, 0, 1, 1}));
    }
  }
}

TEST_CASE("a decoder goes on with sentences that are left and with rows of theirs") {
  struct Wrong {
    Tensor sentences, rows;
    std::string message;
  };
  const std::vector<Wrong> all{
      {numbers({0, 2}), numbers({0, 1}), "sentence 2, expected one in [1, 2)"},
      {numbers({-1}), numbers({0}), "sentence -1, expected one in [0, 2)"},
      {numbers({1, 0}), numbers({2, 0}), "sentence 0, expected one in [2, 2)"},
      {numbers({1, 1}), numbers({2, 3}), "sentence 1, expected one in [2, 2)"},
      {numbers({1}), numbers({2, 1}), "rows[1] is 1, expected one in [2, 4), of sentence 1"},
      {numbers({0, 1}), numbers({0, 4}), "rows[1] is 4, expected one in [2, 4), of sentence 1"},
      {numbers({0, 1}), numbers({-1, 2}), "rows[0] is -1, expected one in [0, 2), of sentence 0"},
      {numbers({0, 1}), numbers({0, 1, 2}), "3 rows for 2 sentences"},
      {numbers({}), numbers({0}), "1 rows for 0 sentences"},
      {ids({2, 1}), numbers({0, 2}), "sentences are [2, 1], rows [2]"},
      {ids({}), ids({}), "sentences are [], rows []"}};
  for (const TranslationModel& model : models()) {
    const auto decoder = model.start_decoder(ids({2, 3}), kept({2, 3}));
    decoder->reorder(numbers({0, 1}), numbers({0, 0, 1, 1}));  // also before the first word
    for (const Wrong& wrong : all) {
      INFO(wrong.message);
      CHECK_THROWS_WITH(decoder->reorder(wrong.sentences, wrong.rows),
                        Contains(": reorder: ") && Contains(wrong.message));
      CHECK(decoder->step(ids({4})).shape() == Shape{4, 19});
    }
  }
}

TEST_CASE("a recurrent step refuses a state of other layers, and a read-out that nobody reads") {
  for (const bool feeding : {false, true}) {
    RecurrentConfig config = small_config();
    config.input_feeding = feeding;
    const RNNsearch model(config);
    const RecurrentSource source = model.encode(ids({2, 3}), kept({2, 3}));
    const DecoderInput y = model.decoder.read(model.target_embedding(ids({2})));
    DecoderState state = source.start;
    CHECK(model.step(source, state, y).alpha.shape() == Shape{2, 3});
    state.fed = feeding ? Tensor() : Tensor::zeros({2, config.readout_size});
    CHECK_THROWS_WITH(model.step(source, state, y), Contains("input feeding"));
    CHECK_THROWS_WITH(model.step(source, {}, y), Contains("the state has 0 layers, the decoder 1"));
    state.layers.push_back(state.layers[0]);
    CHECK_THROWS_WITH(model.step(source, state, y), Contains("2 layers, the decoder 1"));
  }
}

TEST_CASE("a Transformer decodes with the source and the words of as many layers") {
  NoGrad no_grad;
  const Transformer model(small_transformer());
  TransformerConfig smaller = small_transformer();
  smaller.decoder_layers = 1;
  const Transformer other(smaller);
  const Transformer::Source source = model.encode(ids({2, 3}), kept({2, 3})),
                            others = other.encode(ids({2, 3}), kept({2, 3}));
  Transformer::Target none, one;
  other.decode(others, one, ids({2, 1}));
  const auto layers = Contains("the decoder has 2 layers, the source ");
  CHECK_THROWS_WITH(model.decode({}, none, ids({2, 1})), layers);
  CHECK_THROWS_WITH(model.decode(others, none, ids({2, 1})), layers);
  CHECK_THROWS_WITH(model.decode(source, one, ids({2, 1})), layers);
  CHECK(none.length() == 0);
}
