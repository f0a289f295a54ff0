#include "model_support.hpp"

#include <catch2/catch.hpp>

#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../models/config/config.hpp"
#include "../../models/transformer.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> names(const Transformer& model) {
  std::vector<std::string> result;
  for (const NamedTensor& weight : state_dict(model)) result.push_back(weight.name);
  return result;
}

bool holds(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

/// The weights of one layer on each side.
const std::vector<std::pair<std::string, Shape>> torch_weights{
    {"source_embedding.weight", {23, 10}},
    {"target_embedding.weight", {19, 10}},
    {"transformer.encoder.layers.0.self_attn.in_proj_weight", {30, 10}},
    {"transformer.encoder.layers.0.self_attn.in_proj_bias", {30}},
    {"transformer.encoder.layers.0.self_attn.out_proj.weight", {10, 10}},
    {"transformer.encoder.layers.0.self_attn.out_proj.bias", {10}},
    {"transformer.encoder.layers.0.linear1.weight", {7, 10}},
    {"transformer.encoder.layers.0.linear1.bias", {7}},
    {"transformer.encoder.layers.0.linear2.weight", {10, 7}},
    {"transformer.encoder.layers.0.linear2.bias", {10}},
    {"transformer.encoder.layers.0.norm1.weight", {10}},
    {"transformer.encoder.layers.0.norm1.bias", {10}},
    {"transformer.encoder.layers.0.norm2.weight", {10}},
    {"transformer.encoder.layers.0.norm2.bias", {10}},
    {"transformer.encoder.norm.weight", {10}},
    {"transformer.encoder.norm.bias", {10}},
    {"transformer.decoder.layers.0.self_attn.in_proj_weight", {30, 10}},
    {"transformer.decoder.layers.0.self_attn.in_proj_bias", {30}},
    {"transformer.decoder.layers.0.self_attn.out_proj.weight", {10, 10}},
    {"transformer.decoder.layers.0.self_attn.out_proj.bias", {10}},
    {"transformer.decoder.layers.0.multihead_attn.in_proj_weight", {30, 10}},
    {"transformer.decoder.layers.0.multihead_attn.in_proj_bias", {30}},
    {"transformer.decoder.layers.0.multihead_attn.out_proj.weight", {10, 10}},
    {"transformer.decoder.layers.0.multihead_attn.out_proj.bias", {10}},
    {"transformer.decoder.layers.0.linear1.weight", {7, 10}},
    {"transformer.decoder.layers.0.linear1.bias", {7}},
    {"transformer.decoder.layers.0.linear2.weight", {10, 7}},
    {"transformer.decoder.layers.0.linear2.bias", {10}},
    {"transformer.decoder.layers.0.norm1.weight", {10}},
    {"transformer.decoder.layers.0.norm1.bias", {10}},
    {"transformer.decoder.layers.0.norm2.weight", {10}},
    {"transformer.decoder.layers.0.norm2.bias", {10}},
    {"transformer.decoder.layers.0.norm3.weight", {10}},
    {"transformer.decoder.layers.0.norm3.bias", {10}},
    {"transformer.decoder.norm.weight", {10}},
    {"transformer.decoder.norm.bias", {10}},
    {"generator.weight", {19, 10}},
    {"generator.bias", {19}}};

}  // namespace

TEST_CASE("the Transformer names and shapes its weights as torch.nn.Transformer does") {
  TransformerConfig config = small_transformer();
  config.encoder_layers = config.decoder_layers = 1;
  const Transformer model(config);
  const std::vector<NamedTensor> state = state_dict(model);
  REQUIRE(state.size() == torch_weights.size());
  for (std::size_t i = 0; i < state.size(); ++i) {
    CHECK(state[i].name == torch_weights[i].first);
    CHECK(state[i].tensor.shape() == torch_weights[i].second);
  }
}

TEST_CASE("tied weights are one weight, stored and counted once") {
  TransformerConfig config = small_transformer();
  config.source_vocab = 19;
  for (const Tie tie : {Tie::none, Tie::target, Tie::all}) {
    config.tie = tie;
    for (const Positions positions :
         {Positions::sinusoidal, Positions::learned, Positions::relative}) {
      config.positions = positions;
      config.kv_heads = positions == Positions::relative ? 1 : 0;
      const Transformer model(config);
      const auto stored = names(model);
      int64_t numbers = 0;
      for (const NamedTensor& weight : state_dict(model)) numbers += weight.tensor.numel();
      CHECK(parameter_count(model) == numbers);
      CHECK(holds(stored, "source_embedding.weight"));
      CHECK(holds(stored, "target_embedding.weight") == (tie != Tie::all));
      CHECK(holds(stored, "generator.weight") == (tie == Tie::none));
      CHECK(holds(stored, "generator.bias"));
      CHECK(holds(stored, "source_positions.weight") == (positions == Positions::learned));
      CHECK(holds(stored, "target_positions.weight") == (positions == Positions::learned));
    }
  }
  const Transformer tied(config), copy = clone(tied);
  CHECK(copy.generator.weight.array().shares_storage_with(copy.source_embedding.weight.array()));
  CHECK_FALSE(
      copy.generator.weight.array().shares_storage_with(tied.source_embedding.weight.array()));
}

TEST_CASE("fewer heads of keys make the projections smaller, relative positions have two weights") {
  TransformerConfig config = small_transformer();
  config.kv_heads = 1;
  config.positions = Positions::relative;
  const Transformer model(config);
  const auto shape = [&](const std::string& name) {
    for (const NamedTensor& weight : state_dict(model)) {
      if (weight.name == name) return weight.tensor.shape();
    }
    return Shape{};
  };
  for (const std::string attention :
       {"transformer.encoder.layers.1.self_attn", "transformer.decoder.layers.0.self_attn",
        "transformer.decoder.layers.0.multihead_attn"}) {
    CHECK(shape(attention + ".in_proj_weight") == Shape{20, 10});
    CHECK(shape(attention + ".in_proj_bias") == Shape{20});
    const bool self = attention.find("self_attn") != std::string::npos;
    CHECK(shape(attention + ".relative.key") == (self ? Shape{33, 5} : Shape{}));
    CHECK(shape(attention + ".relative.value") == (self ? Shape{33, 5} : Shape{}));
  }
  CHECK_FALSE(holds(names(model), "source_positions.weight"));
}

TEST_CASE("a window hides the words beyond it in both texts, and the source from nobody") {
  TransformerConfig config = small_transformer();
  config.window = 2;
  manual_seed(3);
  const Transformer model(config);
  const text::Batch batch = text::make_batch(random_pairs({7}, {6}), {0});
  for (const AttentionWeights& one :
       model.attention_weights(batch.source, batch.source_keep, batch.target_in)) {
    INFO(one.name);
    for (int64_t i = 0; i < one.weights.size(2); ++i) {
      for (int64_t j = 0; j < one.weights.size(3); ++j) {
        const bool own = one.queries == one.keys, causal = one.keys == Side::target;
        const bool seen = !own || (j >= i - 2 && j <= (causal ? i : i + 2));
        CHECK((one.weights.at({0, 1, i, j}) > 0) == seen);
      }
    }
  }
}

TEST_CASE("positions inside the attention leave the embeddings alone, and order still counts") {
  for (const Positions positions : {Positions::relative, Positions::rotary, Positions::alibi}) {
    TransformerConfig config = small_transformer();
    config.d_model = 12;
    config.positions = positions;
    manual_seed(4);
    Transformer model(config);
    eval(model);
    const Tensor target = Tensor::from(std::vector<int32_t>{Vocabulary::bos, 7}, {1, 2});
    const Tensor keep = Tensor::ones({1, 4}).to(boolean);
    const auto logits = [&](const std::vector<int32_t>& source) {
      return model(Tensor::from(source, {1, 4}), keep, target);
    };
    const Tensor there = logits({5, 6, 7, 8}), back = logits({8, 7, 6, 5}),
                 swapped = logits({6, 5, 7, 8});
    CHECK(difference(there, swapped) > 1e-4);
    // ALiBi sees how far, not which side; the others see both.
    CHECK((difference(there, back) < 1e-5) == (positions == Positions::alibi));
  }
}

TEST_CASE(
    "the layers read a keep mask of two axes as the attention does: of each sentence's keys") {
  const TransformerLayerConfig config{.d_model = 10, .heads = 2, .feed_forward = 7, .dropout = 0};
  manual_seed(4);
  const TransformerEncoderLayer encoder(config);
  const TransformerDecoderLayer decoder(config);
  const int64_t D = config.d_model;
  const Tensor x = Tensor::randn({3, 3, D});  // as many words as sentences
  const Tensor keep = Tensor::of({1, 1, 1, 1, 1, 0, 1, 0, 0}, {3, 3}).to(boolean);
  const Tensor heads = reshape(keep, {3, 1, 1, 3});
  CHECK(difference(encoder(x, keep).y, encoder(x, heads).y) == 0);
  const KeysAndValues memory = decoder.multihead_attn.project(x);
  CHECK(difference(decoder(x, {.source = memory, .target_keep = keep, .source_keep = keep}).y,
                   decoder(x, {.source = memory, .target_keep = heads, .source_keep = heads}).y) ==
        0);
  const Tensor y = Tensor::randn({2, 3, D}), ahead = select(causal_keep(3, 3), 0, 0);
  const KeysAndValues other = decoder.multihead_attn.project(y);
  CHECK_THROWS_WITH(encoder(y, ahead), Contains("unsqueeze(keep, 0)"));
  CHECK_THROWS_WITH(decoder(y, {.source = other, .target_keep = ahead}),
                    Contains("keep is [3, 3], expected [2, 3]"));
}

TEST_CASE("a word joins no decoder layer's words so far where a mask of the source is refused") {
  manual_seed(4);
  const TransformerDecoderLayer decoder(
      {.d_model = 10, .heads = 2, .feed_forward = 7, .dropout = 0});
  const NoGrad no_grad;
  const Tensor x = Tensor::randn({2, 1, 10});
  TransformerDecoderLayer::Context context{
      .source = decoder.multihead_attn.project(Tensor::randn({2, 3, 10}))};
  KeyValueCache words;
  decoder(x, context, words);
  context.source_keep = Tensor::ones({2, 4}, boolean);
  CHECK_THROWS_WITH(decoder(x, context, words), Contains("keep is [2, 4], expected [2, 3]"));
  context.source_keep = {};
  context.source_bias = Tensor::zeros({2, 1, 1, 4});
  CHECK_THROWS_AS(decoder(x, context, words), ShapeError);
  const KeysAndValues& memory = context.source;
  CHECK_THROWS_WITH(decoder(select(x, 1, 0), {.source = memory}, words),
                    Contains("the text is [2, 10], expected [batch, words, 10]"));
  CHECK_THROWS_WITH(decoder(x, {}, words), Contains("the memory is undefined"));
  CHECK_THROWS_WITH(
      decoder(x, {.source = {memory.key.to(float64), memory.value.to(float64)}}, words),
      Contains("the memory's key must be float32, got float64"));
  {
    const Tensor bad = x * NAN;
    const DetectAnomaly anomaly;
    CHECK_THROWS_WITH(decoder(bad, context, words), Contains("NaN") && !Contains("mul"));
  }
  CHECK(words.length() == 1);
}

TEST_CASE("a file with equal duplicates of a tied weight is accepted, with unequal ones not") {
  TransformerConfig config = small_transformer();
  config.tie = Tie::target;
  Transformer model(config);
  std::vector<NamedTensor> state = state_dict(model);
  state.push_back({"generator.weight", Tensor(model.target_embedding.weight.array().clone())});
  load_state_dict(model, state);
  state.back().tensor = Tensor::ones({19, 10});
  CHECK_THROWS_AS(load_state_dict(model, state), FormatError);
}

TEST_CASE("weights of another architecture are refused with every difference") {
  Transformer model(small_transformer());
  TransformerConfig other = small_transformer();
  other.encoder_layers = 1;
  other.feed_forward = 11;
  try {
    load_state_dict(model, state_dict(Transformer(other)));
    FAIL("accepted");
  } catch (const FormatError& error) {
    CHECK_THAT(error.what(), Contains("transformer.encoder.layers.1.self_attn.in_proj_weight") &&
                                 Contains("transformer.encoder.layers.0.linear1.weight") &&
                                 Contains("[11, 10]") && Contains("[7, 10]"));
  }
}

TEST_CASE("the Transformer's attentions are named by their layers, with every head") {
  const Transformer model(small_transformer());
  const text::Batch batch = text::make_batch(random_pairs({5, 3}, {4, 4}), {0, 1});
  std::vector<std::string> found;
  for (const AttentionWeights& one :
       model.attention_weights(batch.source, batch.source_keep, batch.target_in)) {
    found.push_back(one.name);
    CHECK(one.weights.size(1) == 2);
  }
  CHECK(found ==
        std::vector<std::string>{"encoder.layers.0.self_attn", "encoder.layers.1.self_attn",
                                 "decoder.layers.0.self_attn", "decoder.layers.0.multihead_attn",
                                 "decoder.layers.1.self_attn", "decoder.layers.1.multihead_attn"});
}

TEST_CASE("dropout acts in training alone") {
  for (const bool of_attention : {false, true}) {
    TransformerConfig config = small_transformer();
    config.dropout = of_attention ? 0 : 0.5;
    config.attention_dropout = of_attention ? 0.5 : 0;
    Transformer model(config);
    const text::Batch batch = text::make_batch(random_pairs({5, 3}, {4, 4}), {0, 1});
    const auto logits = [&] { return model(batch.source, batch.source_keep, batch.target_in); };
    CHECK(difference(logits(), logits()) > 0);
    eval(model);
    CHECK(difference(logits(), logits()) == 0);
  }
}

TEST_CASE("the Transformer refuses what cannot be") {
  TransformerConfig config = small_transformer();
  config.heads = 3;
  CHECK_THROWS_WITH(Transformer(config), Contains("3 heads do not divide the size 10"));
  config = small_transformer();
  config.tie = Tie::all;
  CHECK_THROWS_WITH(Transformer(config), Contains("source_vocab is 23 and target_vocab 19"));
  config = small_transformer();
  config.decoder_layers = 0;
  CHECK_THROWS_WITH(Transformer(config), Contains("0 decoder layers"));
}

TEST_CASE("a text beyond the learned positions is refused with both lengths") {
  TransformerConfig config = small_transformer();
  config.positions = Positions::learned;
  config.max_length = 6;
  const Transformer model(config);
  const text::Batch fits = text::make_batch(random_pairs({6}, {6}), {0});
  CHECK_NOTHROW(model(fits.source, fits.source_keep, fits.target_in));
  for (const bool source : {true, false}) {
    const text::Batch batch =
        text::make_batch(random_pairs({source ? 7 : 6}, {source ? 6 : 7}), {0});
    CHECK_THROWS_WITH(model(batch.source, batch.source_keep, batch.target_in),
                      Contains("7 tokens") && Contains("6 positions"));
  }
}

TEST_CASE("a search ends where the learned positions do") {
  TransformerConfig config = small_transformer();
  config.positions = Positions::learned;
  config.max_length = 6;
  manual_seed(1);
  Transformer model(config);
  eval(model);
  const text::SourceBatch batch = text::make_source_batch(random_sentences({6, 4}, 19));
  SearchOptions options;
  options.min_length = 5;  // as long as can be
  for (const auto& list :
       search(*model.start_decoder(batch.source, batch.source_keep), {6, 4}, options)) {
    CHECK(list[0].ids.size() == 6);
  }
}
