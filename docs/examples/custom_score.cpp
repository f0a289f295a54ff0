// A score function of one's own is one struct: here the negative squared distance between the
// projected query and key, e_ij = -|W s_i - U h_j|^2. Its gradients are checked, RNNsearch is
// trained with it, and its folder is loaded again to translate, as `heed translate` does:
//
//   custom_score FOLDER < lines
// prints: gradients agree.*c b a
#include <cstdio>
#include <heed/heed.hpp>
#include <iostream>
using namespace heed;

struct DistanceScore {
  Linear query, key;
  DistanceScore(int64_t n, int64_t C, int64_t A) : query(n, A, false), key(C, A, false) {}
  /// Once for each sentence: annotations [B, S, C] -> keys [B, S, A].
  Tensor project(const Tensor& annotations) const { return key(annotations); }
  /// K queries of each sentence: s [B, K, n] -> e [B, K, S].
  Tensor operator()(const Tensor& s, const Tensor& keys) const {
    return -sum(square(unsqueeze(query(s), 2) - unsqueeze(keys, 1)), {-1});
  }
  void members(Members& m) { m("query", query)("key", key); }
};

/// RNNsearch with it. `custom` in the configuration says that it has a score of its own: a folder
/// of such a model is refused by the command, which could not make it.
TranslationModel distance_search(const Config& config) {
  const RecurrentConfig& c = config.recurrent;
  return TranslationModel(
      RNNsearch(c, ScoreFunction(DistanceScore(c.hidden, 2 * c.hidden, c.attention_size))));
}

/// Central differences in float64 against the rules, of every weight.
bool gradients_agree() {
  Attention attention{ScoreFunction(DistanceScore(4, 8, 6))};
  to(attention, float64);
  const Tensor s = Tensor::randn({2, 4}, float64), h = Tensor::randn({2, 5, 8}, float64);
  const auto context = [&](const std::vector<Tensor>&) {
    return attention(s, attention.remember(h)).context;
  };
  const GradcheckResult check = gradcheck(context, parameters(attention));
  std::printf("gradients %s\n", check.ok ? "agree" : check.message.c_str());
  return check.ok;
}

/// Rows of letters and the same backwards: files of one's own are read by `read_parallel_text`.
ParallelText backwards(int count, uint64_t seed) {
  Generator random(seed);
  ParallelText text;
  for (int i = 0; i < count; ++i) {
    std::string row(1 + 2 * random.below(5), ' ');
    for (std::size_t k = 0; k < row.size(); k += 2) row[k] = "abcdefgh"[random.below(8)];
    text.source.push_back(row);
    text.target.emplace_back(row.rbegin(), row.rend());
  }
  return text;
}

void learn(const std::string& folder) {
  Config config;
  config.recurrent = {.embedding = 16, .hidden = 32, .attention_size = 16};
  config.recurrent.attention = Score::custom;
  config.training.learning_rate = 5e-3;
  config.training.steps = 300;
  config.training.validate_every = 150;
  std::vector<std::string> notes;
  const TranslationData data = make_translation_data(config, backwards(2000, 1), backwards(50, 2),
                                                     make_tokenizer("word"), notes);
  TranslationModel model = distance_search(config);
  TranslationTask task(model, data, config);
  Trainer trainer(task,
                  {.folder = folder, .training = config.training, .use = FolderUse::overwrite});
  const TrainingResult result = trainer.run();
  for (const auto& [name, value] : result.best.metrics) {
    std::printf("%s %.1f\n", name.c_str(), value);
  }
}

int main(int count, char** words) {
  manual_seed(1);
  if (count == 2) {
    const Translator translator = Translator::load(words[1], distance_search);
    for (std::string line; std::getline(std::cin, line);) {
      std::printf("%s\n", translator.translate(line).text.c_str());
    }
    return 0;
  }
  if (!gradients_agree()) return 1;
  learn("distance_search");
  const Translator translator = Translator::load("distance_search", distance_search);
  std::printf("a b c -> %s\n", translator.translate("a b c").text.c_str());
}
