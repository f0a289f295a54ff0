// Translating: sources of 16 words, 16 words written for each, random weights.
#include "../../models/search/search.hpp"
#include "floor.hpp"
#include "networks.hpp"
#include "works.hpp"

namespace heed::tools {

namespace {

constexpr int64_t T = bench_words, V = bench_vocabulary;

/// Of B sentences with K hypotheses each, attention's own aside.
Products decoding_products(const TransformerConfig& c, int64_t B, int64_t K) {
  const int64_t D = c.d_model, F = c.feed_forward;
  Products all;
  const auto layers = [&](int64_t rows, std::initializer_list<int64_t> widths) {
    for (int64_t layer = 0; layer < c.encoder_layers; ++layer) {
      for (const int64_t out : widths) all.linear_forward(rows, out, D);
      all.linear_forward(rows, F, D);
      all.linear_forward(rows, D, F);
    }
  };
  layers(B * T, {3 * D, D});
  for (int64_t layer = 0; layer < c.decoder_layers; ++layer) all.linear_forward(B * T, 2 * D, D);
  for (int64_t i = 0; i < T; ++i) {
    const int64_t rows = i == 0 ? B : B * K;
    layers(rows, {3 * D, D, D, D});
    all.linear_forward(rows, V, D);
  }
  return all;
}

std::vector<BenchRow> bench_search(const std::string& work, int64_t beam,
                                   std::initializer_list<int64_t> batches) {
  manual_seed(0);
  const TransformerConfig config = bench_transformer(0);
  Transformer model(config);
  eval(model);
  SearchOptions options;
  options.beam = beam;
  options.min_length = options.max_length = T;
  std::vector<BenchRow> rows;
  for (const int64_t B : batches) {
    const Tensor source = random_words(B, T, 1), keep = Tensor::ones({B, T}, boolean);
    const std::vector<int64_t> lengths(static_cast<std::size_t>(B), T);
    const StepTimes times = time_steps([&] {
      const std::unique_ptr<Decoder> decoder = model.start_decoder(source, keep);
      search(*decoder, lengths, options);
    });
    rows.push_back(row_of(work, "batch " + std::to_string(B), times));
    rows.back().sentences_per_second = static_cast<double>(B) / times.min * 1e3;
    rows.back().tokens_per_second = static_cast<double>(B * T) / times.min * 1e3;
    rows.back().floor_ms = decoding_products(config, B, beam).milliseconds();
  }
  return rows;
}

}  // namespace

std::vector<BenchRow> bench_decode_greedy() {
  return bench_search("decode_greedy", 1, {32, 64, 128, 256, 512});
}
std::vector<BenchRow> bench_decode_beam5() {
  return bench_search("decode_beam5", 5, {32, 64, 128, 256});
}
std::vector<BenchRow> bench_decode_one() { return bench_search("decode_one", 1, {1}); }

}  // namespace heed::tools
