#include "networks.hpp"

#include "../../core/random.hpp"

namespace heed::tools {

TransformerConfig bench_transformer(double dropout) {
  TransformerConfig c;
  c.source_vocab = c.target_vocab = bench_vocabulary;
  c.d_model = 256;
  c.heads = 8;
  c.encoder_layers = c.decoder_layers = 3;
  c.feed_forward = 1024;
  c.dropout = dropout;
  c.norm = NormPlace::pre;
  c.tie = Tie::all;
  return c;
}

RecurrentConfig bench_rnn_search(int64_t hidden) {
  RecurrentConfig c;
  c.source_vocab = c.target_vocab = bench_vocabulary;
  c.embedding = c.readout_size = 256;
  c.hidden = c.attention_size = hidden;
  c.readout = Readout::tanh;
  c.dropout = 0.1;
  return c;
}

Tensor random_words(int64_t B, int64_t T, uint64_t seed) {
  Generator generator(seed);
  std::vector<int32_t> ids(static_cast<std::size_t>(B * T));
  for (int32_t& id : ids) id = static_cast<int32_t>(4 + generator.below(bench_vocabulary - 4));
  return Tensor::from(ids, {B, T});
}

}  // namespace heed::tools
