#include "../../../models/translate/attention_sizes.hpp"

#include <catch2/catch.hpp>

#include "../../../models/encoder_decoder.hpp"
#include "../../../models/transformer.hpp"
#include "../../../models/translate/translator_batches.hpp"
#include "../model_support.hpp"

using namespace model_support;

TEST_CASE("what attentions take follows from their heads and the lengths of the texts") {
  const TranslationModel transformer{Transformer(small_transformer())};  // 2 heads, 2 + 2 layers
  const AttentionSizes sizes(transformer);
  CHECK(sizes.reading(7) == 2 * 4 * 2 * 7 * 7);
  CHECK(sizes.forcing(7, 11) == 2 * 4 * 2 * 11 * 11);
  CHECK(sizes.weights(7, 11) == 4 * 2 * 2 * (7 * 7 + 11 * 11 + 11 * 7));
  const AttentionSizes recurrent{TranslationModel(RNNsearch(small_config()))};
  CHECK(recurrent.reading(7) == 0);
  CHECK(recurrent.weights(7, 11) == 4 * 11 * 7);
  CHECK(AttentionSizes(TranslationModel(EncoderDecoder(small_config()))).weights(7, 11) == 0);
}

TEST_CASE("a batch holds no more sentences than fit into memory, but one at least") {
  std::vector<std::vector<std::size_t>> batches;
  in_batches("test", {{3, 30}, {9, 90}, {4, 40}, {9, 500}, {1, 0}, {2, 0}}, 3, 120,
             [&](const std::vector<std::size_t>& numbers) { batches.push_back(numbers); });
  CHECK(batches == std::vector<std::vector<std::size_t>>{{1}, {3}, {2, 0, 5}, {4}});
}
