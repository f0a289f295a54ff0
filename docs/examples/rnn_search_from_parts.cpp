// RNNsearch (Bahdanau, Cho, Bengio 2014) from heed's layers: a bidirectional GRU reads a row of
// digits, and a GRU that searches it writes the digits backwards. At the end: where it looked.
// prints: 5 4 3 2 1 0
#include <cstdio>

#include <heed/heed.hpp>

using namespace heed;

constexpr int64_t V = 12, E = 16, n = 24, T = 6;  // digits 0..9, <s> is 10

struct Search {
  Embedding source{V, E}, target{V, E};
  GRU encoder{{.input = E, .hidden = n, .bidirectional = true}};
  Linear initial{2 * n, n};
  Attention attention{ScoreFunction(AdditiveScore({.query = n, .key = 2 * n, .size = n}))};
  GRUCell cell{{.input = E + 2 * n, .hidden = n}};
  Linear readout{3 * n, V};

  /// x, y: [B, T] -> logits [B, T, V] and the weights alpha [B, T, T].
  Attended operator()(const Tensor& x, const Tensor& y) const {
    const Tensor h = encoder(source(x)).output;  // annotations [B, T, 2n]
    const AttentionMemory memory = attention.remember(h);
    const Tensor Ey = target(y);
    Tensor s = tanh(initial(select(h, 1, 0)));
    std::vector<Tensor> logits, alpha;
    for (int64_t i = 0; i < T; ++i) {
      const auto [c, weights] = attention(s, memory);
      s = cell(cat({select(Ey, 1, i), c}, -1), s);
      logits.push_back(readout(cat({s, c}, -1)));
      alpha.push_back(weights);
    }
    return {stack(logits, 1), stack(alpha, 1)};
  }
  void members(Members& m) {
    m("source", source)("target", target)("encoder", encoder)("initial", initial);
    m("attention", attention)("cell", cell)("readout", readout);
  }
};

int main() {
  manual_seed(1);
  Search model;
  Adam optimizer(parameters(model), {.lr = 5e-3});
  const Tensor backwards = Tensor::from<int32_t>({5, 4, 3, 2, 1, 0}, {T});
  Attended said;
  for (int step = 1; step <= 200; ++step) {
    const Tensor x = (Tensor::rand({32, T}) * 10).to(int32), y = index_select(x, 1, backwards);
    said = model(x, cat({Tensor::full({32, 1}, 10, int32), slice(y, 1, 0, T - 1)}, 1));
    const Tensor loss = cross_entropy(reshape(said.context, {-1, V}), reshape(y, {-1}));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 100 == 0) std::printf("step %d  loss %.3f\n", step, loss.item());
  }
  const Tensor looked = argmax(mean(said.weights, {0}), -1);  // 5 4 3 2 1 0
  for (const int32_t j : looked.to_vector<int32_t>()) std::printf("%d ", j);
}
