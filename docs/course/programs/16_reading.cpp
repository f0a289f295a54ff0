// Optimised: it trains for seconds.

#include <cstdio>

#include "reading.hpp"
#include "transformer.hpp"

// Two classifiers with attention learn the same task. Do their weights say which words matter?

using namespace course;

namespace {

constexpr int64_t V = 10, S = 7, D = 16;

/// Attention over the words of a sentence, on their embeddings or on what a layer has mixed.
struct Classifier {
  bool mixes = false;
  Tensor words, key_weight, key_bias, query, out_weight, out_bias;
  EncoderLayer layer;
};

Classifier new_classifier(bool mixes, std::vector<Tensor>& all) {
  std::mt19937_64 bits(mixes ? 4 : 3);
  const Make make = [&](const std::string& name, const Shape& shape) {
    const bool norm = name.find("norm") != std::string::npos;
    Tensor w = shape.size() == 2 ? xavier(shape[0], shape[1], bits)
                                 : variable(full(shape, norm && name.back() == 't' ? 1 : 0));
    all.push_back(w);
    return w;
  };
  Classifier c;
  c.mixes = mixes;
  c.words = make("words", {V, D});
  c.key_weight = make("key.weight", {D, D});
  c.key_bias = make("key.bias", {D});
  c.query = make("query", {1, D});
  c.out_weight = make("out.weight", {2, D});
  c.out_bias = make("out.bias", {2});
  if (mixes) c.layer = make_encoder_layer("layer", {V, V, D, 2, 1, 2 * D}, make);
  return c;
}

struct Answer {
  Tensor logits;   ///< [B, 2]
  Tensor weights;  ///< [B, 1, S]
};

/// keep [B, S]: the words that may be used. uniform: all of them alike, whatever was learnt.
Answer ask(const Classifier& c, const std::vector<int64_t>& ids, const Array& keep,
           bool uniform = false) {
  const int64_t B = keep.shape[0];
  Tensor x = reshape(embedding(ids, c.words), {B, S, D});
  if (c.mixes) x = encoder_layer(c.layer, x, reshape(keep, {B, 1, 1, S}));
  Tensor scores = linear(tanh(linear(x, c.key_weight, c.key_bias)), c.query);
  if (uniform) scores = scale(scores, 0);
  const Tensor weights = masked_softmax(transpose(scores, 1, 2), reshape(keep, {B, 1, S}));
  const Tensor context = reshape(matmul(weights, x), {B, D});
  return {linear(context, c.out_weight, c.out_bias), weights};
}

/// Words 0 to 4 count -2 to 2, others nothing; the answer is whether their sum is above 0.
std::vector<int64_t> draw(int64_t B, std::vector<int64_t>& answers, std::mt19937_64& bits) {
  std::vector<int64_t> ids;
  for (int64_t b = 0; b < B; ++b) {
    int64_t sum = 0;
    for (int64_t s = 0; s < S; ++s) {
      ids.push_back(static_cast<int64_t>(bits() % V));
      if (ids.back() < 5) sum += ids.back() - 2;
    }
    answers.push_back(sum > 0);
  }
  return ids;
}

std::vector<double> probabilities(const Tensor& logits) {
  const Array p = contiguous(softmax(logits.value()));
  return {numbers(p), numbers(p) + count(p.shape)};
}

void learn(const Classifier& c, const std::vector<Tensor>& all, std::mt19937_64& bits) {
  Adam adam{all, 5e-3};
  for (int64_t step = 0; step < 300; ++step) {
    std::vector<int64_t> answers;
    const std::vector<int64_t> ids = draw(32, answers, bits);
    adam.zero_grad();
    backward(cross_entropy(ask(c, ids, full({32, S}, 1)).logits, answers));
    adam.step();
  }
}

void measure(const char* name, const Classifier& c, std::mt19937_64& bits) {
  constexpr int64_t sentences = 200;
  double right = 0, spread = 0, tau = 0, flat = 0;
  for (int64_t i = 0; i < sentences; ++i) {
    std::vector<int64_t> answer;
    const std::vector<int64_t> ids = draw(1, answer, bits);
    const Answer found = ask(c, ids, full({1, S}, 1));
    const std::vector<double> p = probabilities(found.logits);
    const Array w = contiguous(found.weights.value());
    const std::vector<double> out = leave_one_out(
        [&](const Array& keep) {
          return probabilities(ask(c, ids, reshape(keep, {1, S})).logits);
        },
        S);
    right += (p[1] > p[0]) == (answer[0] == 1);
    spread += std::exp(entropy(w).at({0, 0}));
    tau += kendall_tau({numbers(w), numbers(w) + S}, out);
    flat += total_variation(p, probabilities(ask(c, ids, full({1, S}, 1), true).logits));
  }
  std::printf("%-24s %3.0f %%   %8.1f   %8.1f   %8.1f\n", name, 100 * right / sentences,
              spread / sentences, tau / sentences, flat / sentences);
}

}  // namespace

int main() {
  std::printf("attention on             right      words        tau   moved by\n");
  std::printf("                                looked at              equal weights\n");
  for (const bool mixes : {false, true}) {
    std::vector<Tensor> all;
    const Classifier c = new_classifier(mixes, all);
    std::mt19937_64 bits(5);
    learn(c, all, bits);
    measure(mixes ? "words mixed by a layer" : "the words themselves", c, bits);
  }
}
