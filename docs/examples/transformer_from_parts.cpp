// A Transformer (Vaswani et al. 2017) from heed's layers learns to write a row of digits backwards.
// prints: right (0[.]9[5-9]|1)
#include <cstdio>

#include <heed/heed.hpp>

using namespace heed;

constexpr int64_t V = 12, D = 32, H = 2, F = 64, T = 6;  // digits 0..9, <s> is 10

struct Layer {
  MultiHeadAttention attention{{.size = D, .heads = H}};
  std::optional<MultiHeadAttention> cross;  // of a decoder's layer alone
  FeedForward feed_forward{{.size = D, .inner = F}};
  LayerNorm norm1{D}, norm2{D}, norm3{D};
  Tensor operator()(Tensor x, const Tensor& keep, const Tensor& memory = {}) const {
    x = x + attention.self(norm1(x), keep).context;
    if (cross) x = x + (*cross)(norm2(x), cross->project(memory)).context;
    return x + feed_forward(norm3(x));
  }
  void members(Members& m) {
    m("attention", attention)("cross", cross)("feed_forward", feed_forward);
    m("norm1", norm1)("norm2", norm2)("norm3", norm3);
  }
};

struct Reverser {
  Embedding embedding{V, D};
  SinusoidalPositions positions{D};
  Layer encoder, decoder{.cross = MultiHeadAttention({.size = D, .heads = H})};
  Linear generator{D, V};
  Tensor operator()(const Tensor& source, const Tensor& target) const {
    const Tensor memory = encoder(embedding(source) + positions(0, T), {});
    const Tensor x = embedding(target) + positions(0, T);
    return generator(decoder(x, causal_keep(T, T), memory));  // [B, T, V]
  }
  void members(Members& m) {
    m("embedding", embedding)("encoder", encoder)("decoder", decoder)("generator", generator);
  }
};

int main() {
  manual_seed(1);
  Reverser model;
  Adam optimizer(parameters(model), {.lr = 3e-3});
  const Tensor backwards = Tensor::from<int32_t>({5, 4, 3, 2, 1, 0}, {T});
  for (int step = 1; step <= 200; ++step) {
    const Tensor x = (Tensor::rand({32, T}) * 10).to(int32), y = index_select(x, 1, backwards);
    const Tensor logits =
        model(x, cat({Tensor::full({32, 1}, 10, int32), slice(y, 1, 0, T - 1)}, 1));
    const Tensor loss = cross_entropy(reshape(logits, {-1, V}), reshape(y, {-1}));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    const Tensor right = mean(eq(argmax(logits, -1), y).to(float32));
    if (step % 100 == 0) std::printf("loss %.3f  right %.3f\n", loss.item(), right.item());
  }
}
