// What every model's decoder does with batches at the edge: none left, and numbers that don't fit.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../models/encoder_decoder.hpp"
#include "../../models/transformer.hpp"
#include "model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Tensor ids(const Shape& shape) { return Tensor::full(shape, 5, int32); }
Tensor kept(const Shape& shape) { return Tensor::ones(shape, boolean); }

std::vector<TranslationModel> models() {
  RecurrentConfig recurrent = small_config();
  recurrent.input_feeding = recurrent.coverage = true;
  std::vector<TranslationModel> all;
  all.emplace_back(RNNsearch(recurrent));
  all.emplace_back(EncoderDecoder(recurrent));
  all.emplace_back(Transformer(small_transformer()));
  return all;
}

}  // namespace

TEST_CASE("a batch may be left by all of its sentences, or have none") {
  for (const TranslationModel& model : models()) {
    CHECK(model(ids({0, 3}), kept({0, 3}), ids({0, 2})).shape() == Shape{0, 2, 19});
    CHECK(model.start_decoder(ids({0, 3}), kept({0, 3}))->step(ids({0})).shape() == Shape{0, 19});
    const auto decoder = model.start_decoder(ids({2, 3}), kept({2, 3}));
    decoder->step(ids({2}));
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
    const auto message = Contains("the target is " + to_string(target) + ", expected [2, words]");
    CHECK_THROWS_WITH(RNNsearch(small_config())(ids({2, 3}), kept({2, 3}), ids(target)), message);
    CHECK_THROWS_WITH(EncoderDecoder(small_config())(ids({2, 3}), kept({2, 3}), ids(target)),
                      message);
  }
  const Transformer transformer(small_transformer());
  CHECK_THROWS_WITH(transformer(ids({2, 3}), kept({2, 3}), ids({3, 4})),
                    Contains("texts of the target: 3, sentences of the source: 2"));
}
