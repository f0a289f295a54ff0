#include <map>

#include "composed.hpp"
#include "known.hpp"

// The learner's own.
#include "transformer.hpp"

using namespace grade;
using course::Array;
using course::Sentences;
using course::Tensor;

namespace {

const Sayings normalize_mistakes = {
    {"unbiased", "the variance is the mean of the squares: divide by n, not by n - 1"},
    {"no_root", "it is divided by the variance, not by its square root"},
    {"eps_outside", "epsilon is added to the root; it belongs to the variance, under the root"},
    {"no_eps", "epsilon is not added to the variance"},
    {"not_centred", "the mean is not subtracted"},
    {"no_division", "the rows are not divided by s"},
    {"all_rows", "mean and variance are those of all numbers; each row has its own"}};

const Sayings feed_forward_mistakes = {
    {"no_relu", "there is no relu between the two layers"},
    {"relu_last", "the relu stands behind the second layer; it belongs between the two"},
    {"relu_twice",
     "there is a second relu behind the last layer: a sub-layer must be able to give "
     "negative numbers"},
    {"no_bias1", "b_1 is not added"},
    {"no_bias2", "b_2 is not added"},
    {"residual", "x is added here already: the layers do that"}};

const Sayings position_mistakes = {
    {"from_one", "the first position is 0, not 1"},
    {"halves", "sines and cosines stand side by side, all sines first; they alternate"},
    {"exchanged", "sine and cosine have changed places: even numbers are sines"},
    {"own_exponent",
     "an even number and the odd one behind it share an angle: the exponent of "
     "2i + 1 is 2i / D as well"},
    {"half_exponent", "the exponent of the pair i is 2i / D, not i / D"}};

const Sayings embedded_mistakes = {
    {"no_factor", "the rows are not multiplied by sqrt(D)"},
    {"factor_of_all", "the positions are multiplied by sqrt(D) too: only the rows are"},
    {"by_D", "the rows are multiplied by D, not by its root"},
    {"no_positions", "the positions are not added: no word knows where it stands"}};

const Sayings layer_mistakes = {
    {"pre_norm",
     "the norms stand before the sub-layers; in the paper's figure 1 they follow the "
     "sums: LayerNorm(x + Sublayer(x))"},
    {"no_residual", "what goes into a sub-layer is not added to what comes out, x + Sublayer(x)"},
    {"no_residual1", "x is not added to what the self-attention gives"},
    {"no_residual2", "what goes into the feed-forward network is not added to what comes out"},
    {"norm_inside", "the norm is of what the sub-layer gives alone; it is of the sum"},
    {"norm1_twice", "norm1 is used twice: each sub-layer has its own"},
    {"norm2_twice", "norm2 is used twice: each sub-layer has its own"},
    {"x_again", "the second sum adds x; it adds what the second sub-layer read"},
    {"no_mask", "keep is not used: words look at padding"},
    {"future", "target_keep is not used: a word sees those after it, which it is to predict"},
    {"no_source_mask", "source_keep is not used: words look at the source's padding"},
    {"own_keys",
     "the second attention looks at the target again: its keys and values are the "
     "memory"},
    {"turned", "queries and keys have changed places: the target asks, the memory answers"},
    {"no_source", "there is no attention to the memory: the source is not looked at"},
    {"source_first", "the self-attention comes first, the attention to the memory after it"}};

const Sayings encode_mistakes = {
    {"encode_no_norm", "encoder_norm is missing behind the last layer"},
    {"encode_no_mask", "keep is not used: words look at padding"},
    {"encode_first_only", "only one layer is run: each reads what the one before has made"}};

const Sayings decode_mistakes = {
    {"future", "causal_keep is not used: a word sees those after it, which it is to predict"},
    {"no_source_mask", "the source's keep is not used: words look at its padding"},
    {"no_generator", "the generator is missing: D numbers are not yet V logits"},
    {"probabilities",
     "these are probabilities; `cross_entropy` wants the logits, before the softmax"},
    {"no_norm", "decoder_norm is missing before the generator"},
    {"source_words", "the target is embedded by source_embedding"}};

/// The mean of a row of x b, n numbers from `start` on.
double mean(const Values& a, const Values& b, int64_t start, int64_t n) {
  double total = 0;
  for (int64_t i = start; i < start + n; ++i) total += a.numbers[i] * b.numbers[i];
  return total / static_cast<double>(n);
}

/// The gradient of normalize with some of its three terms.
Values normalize_back(const Case& one, double of_mean, double of_product, bool divided) {
  const Values &x = one["x"], &y = one["y"], &g = one["g"];
  Values d = g, ones{x.shape, std::vector<double>(x.numbers.size(), 1)};
  const int64_t n = x.shape.back(), rows = n ? count(x.shape) / n : 0;
  for (int64_t r = 0; r < rows; ++r) {
    const double centre = mean(x, ones, r * n, n);
    const double s = std::sqrt(mean(x, x, r * n, n) - centre * centre + 1e-5);
    const double shift = mean(g, ones, r * n, n), product = mean(g, y, r * n, n);
    for (int64_t i = r * n; i < (r + 1) * n; ++i) {
      d.numbers[i] = g.numbers[i] - of_mean * shift - of_product * y.numbers[i] * product;
      if (divided) d.numbers[i] /= s;
    }
  }
  return d;
}

using Weights = std::map<std::string, Tensor>;

/// Hands out the weights of a case by name.
course::Make weights_of(const Weights& all) {
  return [all](const std::string& name, const course::Shape&) {
    const std::string key = name.rfind("layer.", 0) == 0 ? name.substr(6) : name;
    const auto found = all.find(key);
    if (found == all.end()) throw std::logic_error("the case has no weight " + name);
    return found->second;
  };
}

/// Names of a case that are inputs: they are not results, masks or mistakes.
std::vector<std::string> weight_names(const Case& one) {
  std::vector<std::string> names;
  for (const auto& [key, value] : one.values) {
    const std::size_t dot = key.rfind('.');
    const bool attention = key.find("in_proj_") != std::string::npos;
    const bool weight = dot != std::string::npos &&
                        (key.substr(dot) == ".weight" || key.substr(dot) == ".bias" || attention);
    const bool gradient = key[0] == 'd' && one.has(key.substr(1));
    if (weight && !gradient) names.push_back(key);
  }
  return names;
}

Weights named(const std::vector<std::string>& names, const std::vector<Tensor>& x,
              std::size_t first) {
  Weights all;
  for (std::size_t i = first; i < names.size(); ++i) all[names[i]] = x[i];
  return all;
}

/// Sizes of the cases' models.
course::TransformerSizes sizes(int64_t layers, int64_t F) {
  course::TransformerSizes s;
  s.source_vocab = s.target_vocab = 5;
  s.D = 4;
  s.heads = 2;
  s.layers = layers;
  s.F = F;
  return s;
}

/// B sentences of these ids; keep is 1 or 0 for each, all 1 where it is not given.
Sentences sentences(const std::vector<int64_t>& ids, int64_t B, const Values* keep = nullptr) {
  Sentences words;
  words.B = B;
  words.S = static_cast<int64_t>(ids.size()) / B;
  words.ids = ids;
  words.keep = keep ? contiguous_array(*keep)
                    : contiguous_array({{B, words.S}, std::vector<double>(ids.size(), 1)});
  return words;
}

Array mask_of(const Case& one) { return contiguous_array({{2, 1, 1, 3}, one["keep"].numbers}); }

/// [T, T] with 1 up to and with the diagonal, counted here.
Array causal(int64_t T) {
  Values keep{{T, T}, std::vector<double>(T * T, 0)};
  for (int64_t t = 0; t < T; ++t) std::fill_n(keep.numbers.begin() + t * T, t + 1, 1.0);
  return contiguous_array(keep);
}

Case whole() { return cases("14_transformer", "whole").at(0); }

}  // namespace

EXERCISE("normalize", "transformer.hpp") {
  for (const Case& one : cases("14_transformer", "normalize")) {
    const Mistakes back = {
        {"s is treated as a constant, but it depends on every number of its row: the term "
         "y mean(g y) is missing",
         normalize_back(one, 1, 0, true)},
        {"the mean is treated as a constant, but it depends on every number of its row: the term "
         "mean(g) is missing",
         normalize_back(one, 0, 1, true)},
        {"mean and s are treated as constants, but both depend on every number of the row",
         normalize_back(one, 0, 0, true)},
        {"the gradient is not divided by s", normalize_back(one, 1, 1, false)},
        {"the term y mean(g y) is added; it is subtracted", normalize_back(one, 1, -1, true)}};
    operation("normalize", one, {"x"},
              [](const std::vector<Tensor>& x) { return course::normalize(x[0]); },
              {{"y", known(one, normalize_mistakes)}, {"dx", back}});
  }
}

EXERCISE("feed_forward", "transformer.hpp") {
  for (const Case& one : cases("14_transformer", "feed_forward")) {
    composed("feed_forward", one,
             {"x", "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"},
             [](const std::vector<Tensor>& x) {
               return course::feed_forward({x[1], x[2], x[3], x[4]}, x[0]);
             },
             {{"y", known(one, feed_forward_mistakes)}});
  }
}

EXERCISE("positions", "transformer.hpp") {
  for (const Case& one : cases("14_transformer", "positions")) {
    const Values& wanted = one["y"];
    same(one.name, course::positions(wanted.shape[0], wanted.shape[1]), wanted,
         known(one, position_mistakes));
  }
}

EXERCISE("embedded", "transformer.hpp") {
  for (const Case& one : cases("14_transformer", "embedded")) {
    composed("embedded", one, {"weight"},
             [&](const std::vector<Tensor>& x) {
               return course::embedded(sentences(one.ids("ids"), 2), x[0]);
             },
             {{"y", known(one, embedded_mistakes)}});
  }
}

EXERCISE("causal_keep", "transformer.hpp") {
  for (const Case& one : cases("14_transformer", "causal_keep")) {
    const Values& wanted = one["y"];
    const int64_t T = wanted.shape[0];
    Values before = wanted, future = wanted, hidden = wanted, scores = wanted;
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t s = 0; s < T; ++s) {
        before.numbers[t * T + s] = s < t;
        future.numbers[t * T + s] = s >= t;
        hidden.numbers[t * T + s] = s > t;
        scores.numbers[t * T + s] = s <= t ? 0 : -std::numeric_limits<double>::infinity();
      }
    }
    same(one.name, course::causal_keep(T), wanted,
         {{"a word sees itself too: s <= t", before},
          {"words see those after them, not those before: row t is what word t sees", future},
          {"the mask is turned round: keep is 1 where a word may look", hidden},
          {"these are numbers to add to scores; keep is 1 or 0", scores}});
  }
}

EXERCISE("encoder_layer", "transformer.hpp") {
  const Case one = cases("14_transformer", "encoder_layer").at(0);
  std::vector<std::string> names = weight_names(one);
  names.insert(names.begin(), "x");
  composed("encoder_layer", one, names,
           [&](const std::vector<Tensor>& x) {
             const auto layer =
                 course::make_encoder_layer("layer", sizes(1, 5), weights_of(named(names, x, 1)));
             return course::encoder_layer(layer, x[0], mask_of(one));
           },
           {{"y", known(one, layer_mistakes)}});
}

EXERCISE("decoder_layer", "transformer.hpp") {
  const Case one = cases("14_transformer", "decoder_layer").at(0);
  std::vector<std::string> names = weight_names(one);
  names.insert(names.begin(), {"x", "memory"});
  composed("decoder_layer", one, names,
           [&](const std::vector<Tensor>& x) {
             const auto layer =
                 course::make_decoder_layer("layer", sizes(1, 5), weights_of(named(names, x, 2)));
             return course::decoder_layer(layer, x[0], x[1], causal(3), mask_of(one));
           },
           {{"y", known(one, layer_mistakes)}});
}

EXERCISE("encode", "transformer.hpp") {
  const Case one = whole();
  Weights all;
  for (const std::string& name : weight_names(one)) {
    all[name] = course::constant(contiguous_array(one[name]));
  }
  const auto m = course::make_transformer(sizes(2, 3), weights_of(all));
  const Sentences source = sentences(one.ids("source"), 2, &one["keep"]);
  same("encode", course::encode(m, source).value(), one["memory"], known(one, encode_mistakes));
}

EXERCISE("decode", "transformer.hpp") {
  const Case one = whole();
  const std::vector<std::string> names = weight_names(one);
  const Sentences source = sentences(one.ids("source"), 2, &one["keep"]);
  const auto logits = [&](const std::vector<Tensor>& x, const Sentences& from,
                          const Sentences& target) {
    const auto m = course::make_transformer(sizes(2, 3), weights_of(named(names, x, 0)));
    return course::decode(m, course::encode(m, from), from, target);
  };
  composed("the Transformer", one, names,
           [&](const std::vector<Tensor>& x) {
             return logits(x, source, sentences(one.ids("target"), 2));
           },
           {{"y", known(one, decode_mistakes)}});
  std::vector<Tensor> x;
  for (const std::string& name : names) x.push_back(course::constant(contiguous_array(one[name])));
  same("the Transformer, one word after one",
       logits(x, sentences({3}, 1), sentences({2}, 1)).value(), one["y_of_one"]);
  // Words that come later change nothing before them, to the last bit.
  for (int64_t changed = 1; changed < 3; ++changed) {
    std::vector<int64_t> ids = one.ids("target");
    ids[changed] = ids[changed] == 3 ? 4 : 3;
    const Values now = values_of("decode", logits(x, source, sentences(ids, 2)).value());
    for (int64_t i = 0; i < changed * 5; ++i) {
      holds(std::abs(now.numbers[i] - one["y"].numbers[i]) < 1e-9,
            "the Transformer: the logits after word " + std::to_string(i / 5),
            "they change with word " + std::to_string(changed) + ", which comes later",
            "a word sees those after it");
    }
  }
}
