// A score function of one's own is one struct: here the negative squared distance between the
// projected query and key, e_ij = -|W s_i - U h_j|^2. `Attention` makes weights and a context of
// it, masked words get nothing, and RNNsearch translates with it.
// prints: gradients agree
#include <cstdio>

#include <heed/heed.hpp>

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

int main(int arguments, char** words) {
  manual_seed(1);
  constexpr int64_t B = 2, S = 5, n = 4, C = 2 * n, A = 6;
  Attention attention{ScoreFunction(DistanceScore(n, C, A))};
  const Tensor s = Tensor::randn({B, n}), h = Tensor::randn({B, S, C});
  const Tensor keep = Tensor::of({1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, {B, S}).to(boolean);
  const Attended found = attention(s, attention.remember(h, keep));
  std::printf("the second sentence has three words; its weights:\n");
  for (const float w : select(found.weights, 0, 1).to_vector<float>()) std::printf(" %.3f", w);

  // A whole model that searches with it, to train or to translate with like any other.
  Config config;
  config.recurrent = {.embedding = 3, .hidden = n, .attention_size = A, .attention = Score::custom};
  config.set_vocabularies(9, 7);
  const TranslationModel model = distance_search(config);
  std::printf("\nRNNsearch with it: %lld weights\n",
              static_cast<long long>(parameter_count(model)));

  // `save_model_folder` and `Trainer` write its folder; this reads one: custom_score MODEL LINE.
  if (arguments == 3) {
    const Translator translator = Translator::load(words[1], distance_search);
    std::printf("%s\n", translator.translate(words[2]).text.c_str());
  }

  // Its gradients are right: central differences in float64 agree with them.
  to(attention, float64);
  const Tensor s64 = s.to(float64), h64 = h.to(float64);
  const auto check = gradcheck(
      [&](const std::vector<Tensor>&) {
        return attention(s64, attention.remember(h64, keep)).context;
      },
      parameters(attention));
  std::printf("gradients %s\n", check.ok ? "agree" : check.message.c_str());
  return check.ok ? 0 : 1;
}
