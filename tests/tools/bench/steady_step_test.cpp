// A training step that has been run before finds all its memory in the free lists.
#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

#include "../../../models/encoder_decoder.hpp"
#include "../../../models/model.hpp"
#include "../../../optim/adam.hpp"
#include "../../../optim/clipping.hpp"
#include "../../../tools/bench/allocations.hpp"
#include "../../../tools/bench/networks.hpp"

using namespace heed;
using namespace heed::tools;

namespace {

/// How often a step of training asks the system for memory: the least of several, as a thread that
/// gets its first piece of some loop late asks for what that piece needs.
int64_t requests_of_a_steady_step(TranslationModel model) {
  constexpr int64_t B = 12, T = 9;  // a tiled attention, whose weights are dropped
  const Tensor source = random_words(B, T, 1), target = random_words(B, T, 2);
  const Tensor labels = random_words(B, T, 3), keep = Tensor::ones({B, T}, boolean);
  const std::vector<Tensor> weights = parameters(model);
  Adam optimizer(weights, {.lr = 1e-4});
  train(model);
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int step = 0; step < 12; ++step) {
    const int64_t before = allocations_so_far();
    optimizer.zero_grad();
    model.loss(source, keep, target, labels, {.label_smoothing = 0.1}).backward();
    clip_grad_norm(weights, 1);
    optimizer.step();
    least = std::min(least, allocations_so_far() - before);
  }
  return least;
}

}  // namespace

TEST_CASE("a steady step of training asks for no memory") {
  if (!counts_allocations()) return;  // under a sanitiser
  TransformerConfig transformer = bench_transformer(0.1);
  transformer.d_model = 64;
  transformer.feed_forward = 128;
  CHECK(requests_of_a_steady_step(TranslationModel(Transformer(transformer))) == 0);
  CHECK(requests_of_a_steady_step(TranslationModel(RNNsearch(bench_rnn_search(32)))) == 0);
  RecurrentConfig recurrent = bench_rnn_search(32);
  recurrent.cell = Cell::lstm;
  recurrent.decoder_layers = 2;
  recurrent.input_feeding = true;
  CHECK(requests_of_a_steady_step(TranslationModel(RNNsearch(recurrent))) == 0);
  CHECK(requests_of_a_steady_step(TranslationModel(EncoderDecoder(bench_rnn_search(32)))) == 0);
}
