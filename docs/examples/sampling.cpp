// A language model that is sampled from: a GRU reads the numbers below 1000 in English words,
// letter by letter, and then writes its own; most of what it writes are numbers.
// prints: are numbers: (9[0-9]|100)
#include <algorithm>
#include <cstdio>
#include <heed/heed.hpp>
#include <string>
using namespace heed;

const std::string alphabet = ".abcdefghijklmnopqrstuvwxyz ";  // 0 ends a text, and begins it
constexpr int64_t V = 28, E = 16, n = 64;

std::string in_words(int number) {
  static const std::vector<std::string> small{
      "",         "one",     "two",     "three",     "four",     "five",    "six",
      "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  static const std::vector<std::string> tens{"",      "",      "twenty",  "thirty", "forty",
                                             "fifty", "sixty", "seventy", "eighty", "ninety"};
  const auto at = [](const auto& list, int i) { return list[static_cast<std::size_t>(i)]; };
  if (number < 20) return at(small, number);
  const auto with_rest = [](const std::string& head, const std::string& rest) {
    return rest.empty() ? head : head + " " + rest;
  };
  if (number < 100) return with_rest(at(tens, number / 10), in_words(number % 10));
  if (number < 1000) {
    return with_rest(at(small, number / 100) + " hundred", in_words(number % 100));
  }
  return with_rest(in_words(number / 1000) + " thousand", in_words(number % 1000));
}

struct LanguageModel {
  Embedding embedding{V, E};
  GRU reader{{.input = E, .hidden = n}};
  Linear generator{n, V};
  /// Letters [B, T] from the state [1, B, n] on -> logits of the letters after them [B, T, V] and
  /// the new state.
  std::pair<Tensor, Tensor> operator()(const Tensor& letters, const Tensor& state = {}) const {
    const RecurrentResult read = reader(embedding(letters), {}, state);
    return {generator(read.output), read.last};
  }
  void members(Members& m) { m("embedding", embedding)("reader", reader)("generator", generator); }
};

/// Texts as ids, `.` before and after each; padding is `.` too.
Tensor collate(const std::vector<std::string>& texts) {
  std::vector<std::vector<int32_t>> rows;
  for (const std::string& text : texts) {
    rows.emplace_back(1, 0);
    for (const char c : text + '.') rows.back().push_back(static_cast<int32_t>(alphabet.find(c)));
  }
  return pad_sequence(rows).values;
}

/// Draws a text, letter by letter.
std::string sample(const LanguageModel& model, const Sampling& sampling, int64_t number) {
  NoGrad no_grad;
  std::string text;
  Tensor state;
  for (int32_t last = 0; text.size() < 80;) {
    const auto [logits, next] = model(Tensor::from<int32_t>({last}, {1, 1}), state);
    const std::vector<double> log_p = log_softmax(logits, -1).to(float64).to_vector<double>();
    const auto step = static_cast<int64_t>(text.size());
    last = draw_word(log_p, sampling, uniform(sampling.seed, {.draw = number, .step = step}));
    if (last == 0) break;
    text += alphabet[static_cast<std::size_t>(last)];
    state = next;
  }
  return text;
}

int main() {
  manual_seed(1);
  std::vector<std::string> numbers;
  for (int i = 1; i < 1000; ++i) numbers.push_back(in_words(i));
  DataLoader loader(numbers, {.batch_size = 64, .shuffle = true}, collate,
                    [](const std::string& text) { return text.size(); });
  LanguageModel model;
  Adam optimizer(parameters(model), {.lr = 5e-3});
  for (int step = 1; step <= 300; ++step) {
    const Tensor text = loader.next();
    const int64_t T = text.size(1);
    const Tensor logits = model(slice(text, 1, 0, T - 1)).first;
    const Tensor loss =
        cross_entropy(reshape(logits, {-1, V}), reshape(slice(text, 1, 1, T), {-1}));
    optimizer.zero_grad();
    loss.backward();
    clip_grad_norm(parameters(model), 1);
    optimizer.step();
    if (step % 100 == 0) std::printf("step %d loss %.3f\n", step, loss.item());
  }
  int right = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string text = sample(model, {.temperature = 0.8, .top_k = 10}, i);
    right += std::find(numbers.begin(), numbers.end(), text) != numbers.end();
    if (i < 5) std::printf("  %s\n", text.c_str());
  }
  std::printf("of 100 texts drawn are numbers: %d\n", right);
}
