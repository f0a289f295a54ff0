// A classifier from encoder layers: is an opinion good or bad? `not` turns the word behind it
// round, and no other. Texts differ in length: padding is masked, and left out of the mean.
// prints: right (9[5-9]|100)
#include <cstdio>
#include <heed/heed.hpp>
#include <string>
using namespace heed;

constexpr int64_t D = 32;

struct Example {
  std::string text;
  int32_t good;
};
struct Batch {
  Tensor words, keep, good;  // [B, T] int32, [B, T] bool, [B] int32
};

std::vector<Example> opinions(int count, uint64_t seed) {
  const std::vector<std::string> good{"good", "great", "fine", "fun"},
      bad{"bad", "dull", "poor", "weak"}, other{"it", "was", "a", "film", "not", "and", "so"};
  Generator random(seed);
  const auto one_of = [&](const auto& list) { return list[random.below(list.size())]; };
  std::vector<Example> drawn;
  for (int i = 0; i < count; ++i) {
    const bool is_good = random.below(2) == 0, turned = random.below(2) == 0;
    std::string before, after;
    for (uint64_t k = random.below(5); k > 0; --k) before += one_of(other) + " ";
    for (uint64_t k = random.below(5); k > 0; --k) after += " " + one_of(other);
    before += turned ? "not " : "so ";
    drawn.push_back({before + one_of(is_good ? good : bad) + after, is_good != turned});
  }
  return drawn;
}

struct Classifier {
  Embedding embedding;
  SinusoidalPositions positions{D};
  TransformerEncoder encoder{
      {.layer = {.d_model = D, .heads = 4, .feed_forward = 64, .norm = NormPlace::pre},
       .layers = 2}};
  Linear output{D, 2};

  explicit Classifier(int64_t vocabulary) : embedding(vocabulary, D) {}
  /// words, keep: [B, T] -> logits [B, 2]
  Tensor operator()(const Tensor& words, const Tensor& keep) const {
    const Tensor x = encoder(embedding(words) + positions(0, words.size(1)), keep);
    return output(masked_mean(x, keep));
  }
  void members(Members& m) { m("embedding", embedding)("encoder", encoder)("output", output); }
};

int main() {
  manual_seed(1);
  const std::vector<Example> data = opinions(3000, 1), fresh = opinions(500, 2);
  const WordTokenizer tokenizer;
  std::vector<std::string> lines;
  for (const Example& example : data) lines.push_back(example.text);
  const Vocabulary vocabulary = Vocabulary::build(lines, tokenizer);
  const auto collate = [&](const std::vector<Example>& examples) {
    std::vector<std::vector<int32_t>> texts;
    std::vector<int32_t> good;
    for (const Example& example : examples) {
      texts.push_back(vocabulary.encode(tokenizer.split(example.text)));
      good.push_back(example.good);
    }
    const auto [words, keep] = pad_sequence(texts);
    return Batch{words, keep, Tensor::from(good, {words.size(0)})};
  };
  DataLoader loader(data, {.batch_size = 32, .shuffle = true}, collate);
  DataLoader valid(fresh, {.batch_size = 500}, collate);

  Classifier net(vocabulary.size());
  Adam optimizer(parameters(net), {.lr = 2e-3});
  for (int epoch = 1; epoch <= 10; ++epoch) {
    double total = 0;
    for (const auto& [words, keep, good] : loader) {
      const Tensor loss = cross_entropy(net(words, keep), good);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      total += loss.item();
    }
    std::printf("epoch %d loss %.3f\n", epoch, total / static_cast<double>(loader.size()));
  }
  NoGrad no_grad;
  eval(net);
  const auto [words, keep, good] = valid.next();
  const Tensor right = mean(eq(argmax(net(words, keep), 1), good).to(float32));
  std::printf("right %.1f %% of 500 fresh opinions\n", 100 * right.item());
}
