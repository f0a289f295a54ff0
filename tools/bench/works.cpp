#include "works.hpp"

namespace heed::tools {

const std::vector<Work>& works() {
  static const std::vector<Work> all = {
      {"tf_small", "a training step of a Transformer, 64 sentences", bench_tf_small, true, true},
      {"tf_big", "the same, 256 sentences", bench_tf_big, true, true},
      {"rnn_small", "a training step of RNNsearch, 64 sentences", bench_rnn_small, true, true},
      {"rnn_big", "the same, hidden 512, 256 sentences", bench_rnn_big, true, true},
      {"decode_greedy", "greedy decoding of the Transformer of tf_small, by batch",
       bench_decode_greedy},
      {"decode_beam5", "the same with beam 5", bench_decode_beam5},
      {"decode_one", "greedy decoding of one sentence", bench_decode_one},
      {"attention", "forward and backward, 4 texts, 8 heads of 32, by length", bench_attention},
      {"autograd", "a recorded operation on few elements", bench_autograd, false},
      {"adam", "clipping and an Adam step of 10 million weights", bench_adam, false},
      {"startup", "heed translate of one sentence, process and all", bench_startup, false},
  };
  return all;
}

}  // namespace heed::tools
