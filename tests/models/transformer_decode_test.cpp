// Words decoded one after the other or in pieces.
#include "model_support.hpp"

#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../models/transformer.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

/// Every kind of positions, of normalisation, of keys' heads and windows.
std::vector<TransformerConfig> decoding_variants() {
  std::vector<TransformerConfig> all;
  for (const NormPlace norm : {NormPlace::post, NormPlace::pre}) {
    for (const Positions positions : {Positions::sinusoidal, Positions::learned,
                                      Positions::relative, Positions::rotary, Positions::alibi}) {
      for (const int64_t kv_heads : {0, 1}) {
        for (const int64_t window : {0, 2}) {
          TransformerConfig config = small_transformer();
          config.d_model = 12;
          config.norm = norm;
          config.positions = positions;
          config.kv_heads = kv_heads;
          config.window = window;
          all.push_back(config);
        }
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("words decoded in pieces of any size give the logits of all at once") {
  NoGrad no_grad;
  const int64_t T = 7, K = 3;  // hypotheses of each sentence
  const text::Batch batch = text::make_batch(random_pairs({5, 3}, {T, T}), {0, 1});
  const Tensor each = Tensor::from<int32_t>({0, 0, 0, 1, 1, 1}, {2 * K});
  const Tensor source = index_select(batch.source, 0, each),
               keep = index_select(batch.source_keep, 0, each);
  const Tensor target = (Tensor::rand({2 * K, T}) * 19).to(int32);
  for (const TransformerConfig& config : decoding_variants()) {
    INFO("positions " << static_cast<int>(config.positions) << ", norm "
                      << static_cast<int>(config.norm) << ", kv_heads " << config.kv_heads
                      << ", window " << config.window);
    manual_seed(6);
    Transformer model(config);
    eval(model);
    to(model, float64);
    const Tensor whole = model(source, keep, target);
    const Transformer::Source read = model.encode(batch.source, batch.source_keep);
    for (const int64_t n : {1, 2, 3, 7}) {
      Transformer::Target so_far;
      for (int64_t t = 0; t < T; t += n) {
        const int64_t end = std::min(t + n, T);
        const auto [logits, weights] = model.decode(read, so_far, slice(target, 1, t, end));
        CHECK(difference(logits, slice(whole, 1, t, end)) < 1e-12);
        CHECK(weights.shape() == Shape{2, 2, K * (end - t), 5});
        CHECK(so_far.length() == end);
      }
    }
  }
}

TEST_CASE("words join all layers or none where a layer refuses them") {
  manual_seed(5);
  Transformer model(decoding_variants().front());
  eval(model);
  const NoGrad no_grad;
  const text::Batch batch = text::make_batch(random_pairs({5, 3}, {4, 4}), {0, 1});
  const Transformer::Source source = model.encode(batch.source, batch.source_keep);
  const auto word = [&](int64_t t) { return slice(batch.target_in, 1, t, t + 1); };
  Transformer::Target disturbed, other;
  model.decode(source, disturbed, word(0));
  model.decode(source, other, word(0));

  Transformer::Source bad = source;
  bad.memory.back().key = bad.memory.back().key.to(float64);
  CHECK_THROWS_AS(model.decode(bad, disturbed, word(1)), TypeError);
  for (const KeyValueCache& layer : disturbed.layers) CHECK(layer.length() == 1);
  for (int64_t t = 1; t < 3; ++t) {
    CHECK(difference(model.decode(source, disturbed, word(t)).logits,
                     model.decode(source, other, word(t)).logits) == 0);
  }

  Transformer::Target fresh;
  CHECK_THROWS_AS(model.decoder_states(bad, fresh, word(0)), TypeError);
  CHECK(fresh.length() == 0);
  CHECK(model.decoder_states(source, fresh, word(0)).y.size(1) == 1);

  disturbed.layers.back() = KeyValueCache();
  CHECK_THROWS_WITH(model.decode(source, disturbed, word(3)),
                    Contains("3 words in its first layer and 0 in another"));
}

TEST_CASE("the attentions handed out are those that the logits came from") {
  NoGrad no_grad;
  manual_seed(6);
  Transformer model(small_transformer());
  eval(model);
  const text::Batch batch = text::make_batch(random_pairs({5, 3}, {6, 4}), {0, 1});
  const auto all = model.attention_weights(batch.source, batch.source_keep, batch.target_in);
  Transformer::Target none;
  const auto decoded =
      model.decode(model.encode(batch.source, batch.source_keep), none, batch.target_in);
  CHECK(difference(all.back().weights, decoded.source_weights) == 0);
}

TEST_CASE("a text decoded in pieces is not trained: its gradient would be lost") {
  const Transformer model(small_transformer());
  const text::Batch batch = text::make_batch(random_pairs({5, 3}, {6, 6}), {0, 1});
  const Transformer::Source source = model.encode(batch.source, batch.source_keep);
  Transformer::Target so_far;
  CHECK(model.decode(source, so_far, slice(batch.target_in, 1, 0, 3)).logits.requires_grad());
  CHECK_THROWS_AS(model.decode(source, so_far, slice(batch.target_in, 1, 3, 6)), GraphError);
}
