// A decoder-only language model of heed's layers learns, from a random start, to sort digits and to
// add numbers by going on with a text: `3142|` with `1234.`, `347+58=` with `504.`
//
//   language_model [sort|add] [steps] [seed]
//
// It is the decoder of Vaswani et al. 2017 (section 3.1) without the attention over a source, as in
// "Improving language understanding by generative pre-training", Radford et al. 2018, sections 3.1
// and 4.1: learned positions, GELU. Two things are not theirs: a LayerNorm stands before each
// sub-layer and after the last, as in their paper of 2019 (section 2.3), and the output's weights
// are not those of the embedding.
//
// A sum is written with its least significant digit first, the order in which carries arise: an aid
// from "Teaching arithmetic to small transformers", Lee et al. 2023. Without the std::reverse below
// the same training adds only 91 to 99 % of the numbers rightly.
//
// Letters of shapes: B problems, T words (here characters), D size, H heads, V vocabulary.
// prints: right: (99|100)[.]
// slow: add
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include <heed/heed.hpp>

using namespace heed;

constexpr std::string_view alphabet = " .|+=0123456789";  // word 0 is the blank
constexpr int64_t V = alphabet.size(), D = 64, H = 4, F = 256, layer_count = 2;

struct Problem {
  std::string question, answer;
};

std::string digits(uint64_t most, Generator& random) {
  std::string text(1 + random.below(most), ' ');
  for (char& c : text) c = static_cast<char>('0' + random.below(10));
  return text;
}

Problem sorting(Generator& random) {
  std::string row = digits(10, random);
  const std::string question = row + '|';
  std::sort(row.begin(), row.end());
  return {question, row + '.'};
}

Problem adding(Generator& random) {
  const int a = std::stoi(digits(3, random)), b = std::stoi(digits(3, random));
  std::string sum = std::to_string(a + b);
  std::reverse(sum.begin(), sum.end());
  return {std::to_string(a) + '+' + std::to_string(b) + '=', sum + '.'};
}

/// What is learned, and the widths of its texts: blanks stand before a question and after an
/// answer, so that all answers of a batch begin in one column.
struct Task {
  std::string name;
  Problem (*problem)(Generator& random);
  int64_t question, answer, steps;
  std::size_t batch;
};

const Task tasks[] = {{"sort", sorting, 11, 11, 1000, 32}, {"add", adding, 8, 5, 4000, 64}};

/// A fifth of all questions, told by their hash (FNV-1a), is never trained on.
bool held_out(const std::string& question) {
  uint32_t hash = 2166136261;
  for (const char c : question) hash = (hash ^ static_cast<uint32_t>(c)) * 16777619;
  return hash / 65536 % 5 == 0;
}

/// Problems to learn from, or fresh ones, no two of them equal.
std::vector<Problem> draw(const Task& task, std::size_t count, bool fresh, Generator& random) {
  std::vector<Problem> problems;
  std::set<std::string> drawn;
  while (problems.size() < count) {
    Problem problem = task.problem(random);
    if (held_out(problem.question) != fresh) continue;
    if (!fresh || drawn.insert(problem.question).second) problems.push_back(std::move(problem));
  }
  return problems;
}

/// The texts of problems, int32 [B, question + answer].
Tensor words(const Task& task, const std::vector<Problem>& problems) {
  const int64_t B = static_cast<int64_t>(problems.size()), T = task.question + task.answer;
  std::vector<int32_t> ids;
  for (const auto& [question, answer] : problems) {
    std::string text(static_cast<std::size_t>(task.question) - question.size(), ' ');
    text += question + answer;
    text.resize(static_cast<std::size_t>(T), ' ');
    for (const char c : text) ids.push_back(static_cast<int32_t>(alphabet.find(c)));
  }
  return Tensor::from(ids, {B, T});
}

struct Layer {
  MultiHeadAttention attention{{.size = D, .heads = H}};
  FeedForward feed_forward{{.size = D, .inner = F, .activation = Activation::gelu}};
  LayerNorm norm1{D}, norm2{D};

  /// x: [B, T, D] -> [B, T, D] and the attention's weights [B, H, T, S]. x goes on from the S - T
  /// words whose keys and values `before` holds.
  Attended operator()(const Tensor& x, const Tensor& keep, KeyValueCache& before) const {
    const auto [context, weights] = attention.self(norm1(x), keep, before);
    const Tensor y = x + context;
    return {y + feed_forward(norm2(y)), weights};
  }
  void members(Members& m) {
    m("attention", attention)("feed_forward", feed_forward)("norm1", norm1)("norm2", norm2);
  }
};

using Caches = std::vector<KeyValueCache>;

struct LanguageModel {
  Embedding embedding{V, D};
  LearnedPositions positions{32, D};
  std::vector<Layer> layers{layer_count};
  LayerNorm norm{D};
  Linear generator{D, V};

  /// For each of the words [B, T] the logits of the one after it, [B, T, V], and the weights of the
  /// last layer. The words go on from those in `before`, a cache for each layer.
  Attended operator()(const Tensor& words, Caches& before) const {
    const int64_t first = before.front().length(), T = words.size(1);
    const Tensor keep = causal_keep(T, first + T);
    Attended x{embedding(words) + positions(first, T), {}};
    for (std::size_t i = 0; i < layers.size(); ++i) {
      x = layers[i](x.context, keep, before[i]);
    }
    return {generator(norm(x.context)), x.weights};
  }
  /// The whole text at once.
  Attended operator()(const Tensor& words) const {
    Caches none(layer_count);
    return (*this)(words, none);
  }
  void members(Members& m) {
    m("embedding", embedding)("positions", positions)("layers", layers)("norm", norm);
    m("generator", generator);
  }
};

void learn(const Task& task, LanguageModel& model, int64_t steps, Generator& random) {
  const double peak = 3e-3;
  Adam optimizer(parameters(model), {.lr = peak, .beta2 = 0.98});
  const Schedule schedule = Schedule::cosine(steps, steps / 20);
  const int64_t Q = task.question, T = Q + task.answer;
  for (int64_t step = 1; step <= steps; ++step) {
    const Tensor text = words(task, draw(task, task.batch, false, random));
    const Tensor logits = model(slice(text, 1, 0, T - 1)).context;
    // Only the answer counts, up to its full stop: nobody could foresee the question.
    const Tensor loss = cross_entropy(reshape(slice(logits, 1, Q - 1, T - 1), {-1, V}),
                                      reshape(slice(text, 1, Q, T), {-1}), {.ignore_index = 0});
    optimizer.zero_grad();
    loss.backward();
    clip_grad_norm(parameters(model), 1);
    optimizer.set_learning_rate(peak * schedule(step));
    optimizer.step();
    if (step % 250 == 0) std::printf("step %4d  loss %.4f\n", static_cast<int>(step), loss.item());
  }
}

/// Greedy answers: the questions are read at once, then each step reads the one word just written.
std::vector<std::string> answer(const Task& task, const LanguageModel& model, const Tensor& text) {
  NoGrad no_grad;
  Caches caches(layer_count);
  std::vector<std::string> said(static_cast<std::size_t>(text.size(0)));
  Tensor last = slice(text, 1, 0, task.question);
  for (int64_t t = 0; t < task.answer; ++t) {
    last = argmax(slice(model(last, caches).context, 1, -1, last.size(1)), -1);  // [B, 1]
    const std::vector<int32_t> ids = last.to_vector<int32_t>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!said[i].ends_with('.')) said[i] += alphabet[static_cast<std::size_t>(ids[i])];
    }
  }
  return said;
}

/// Where the last layer's heads look in the question (across) to write each word (down).
void show_attention(const Task& task, const LanguageModel& model, const Problem& problem) {
  NoGrad no_grad;
  const auto Q = static_cast<int64_t>(problem.question.size());
  const auto A = static_cast<int64_t>(problem.answer.size());
  const Tensor text = words(task, {problem});
  const Tensor weights = model(text).weights;  // [1, H, T, T]
  const int64_t first = task.question - Q;     // column of the question
  std::printf("\nWhere the heads of the last layer look:\n  ");
  for (int64_t h = 0; h < H; ++h) std::printf("  %s", problem.question.c_str());
  for (int64_t t = 0; t < A; ++t) {
    std::printf("\n%c ", problem.answer[static_cast<std::size_t>(t)]);
    for (int64_t h = 0; h < H; ++h) {
      std::printf("  ");
      for (int64_t s = 0; s < Q; ++s) {
        const double alpha = weights.at({0, h, task.question - 1 + t, first + s});
        std::printf("%c", " .:-=+*#%@@"[static_cast<int>(10 * alpha)]);
      }
    }
  }
  std::printf("\n");
}

int main(int count, char** arguments) {
  const std::string name = count > 1 ? arguments[1] : "sort";
  const Task& task = tasks[name == "add"];
  const int64_t steps = count > 2 ? std::atoll(arguments[2]) : task.steps;
  const uint64_t seed = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1;
  if (name != task.name || steps < 1) {
    std::fprintf(stderr, "usage: language_model [sort|add] [steps, 1 or more] [seed]\n");
    return 2;
  }
  manual_seed(seed);
  Generator random(seed, 1);
  LanguageModel model;
  learn(task, model, steps, random);

  const std::vector<Problem> fresh = draw(task, 1000, true, random);
  const std::vector<std::string> said = answer(task, model, words(task, fresh));
  int right = 0;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    right += said[i] == fresh[i].answer;
    if (i < 5) std::printf("  %s%s\n", fresh[i].question.c_str(), said[i].c_str());
  }
  std::printf("1000 fresh problems, right: %.1f %%\n", right / 10.0);
  const auto shorter = [](const Problem& a, const Problem& b) {
    return a.question.size() < b.question.size();
  };
  show_attention(task, model, *std::max_element(fresh.begin(), fresh.begin() + 5, shorter));
}
