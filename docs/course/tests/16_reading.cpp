#include "arrays.hpp"
#include "known.hpp"

// The learner's own.
#include "reading.hpp"

using namespace grade;
using course::Array;

namespace {

Values row(const std::vector<double>& numbers) {
  return {{static_cast<int64_t>(numbers.size())}, numbers};
}

/// -sum w log w of each row without the care for zeros.
Values careless(const Values& w) {
  Values h{{w.shape.begin(), w.shape.end() - 1}, {}};
  const std::size_t S = static_cast<std::size_t>(w.shape.back());
  for (std::size_t i = 0; i < w.numbers.size(); ++i) {
    if (i % S == 0) h.numbers.push_back(0);
    h.numbers.back() -= w.numbers[i] * std::log(w.numbers[i]);
  }
  return h;
}

/// A model whose answer depends on each word and on pairs of them; it counts its questions.
struct Model {
  std::vector<double> words;
  int64_t asked = 0;

  std::vector<double> operator()(const std::vector<double>& keep) {
    ++asked;
    double score = 0.3;
    for (std::size_t i = 0; i < words.size(); ++i) {
      score += keep[i] * words[i];
      if (i > 0) score += 0.8 * keep[i] * keep[i - 1] * words[i] * words[i - 1];
    }
    const double p = 1 / (1 + std::exp(-score));
    return {p, 0.6 * (1 - p), 0.4 * (1 - p)};
  }
};

double moved(const std::vector<double>& p, const std::vector<double>& q) {
  double total = 0;
  for (std::size_t v = 0; v < p.size(); ++v) total += std::abs(p[v] - q[v]) / 2;
  return total;
}

/// What leaving words out gives, where keep(s) is what is left for word s.
template <class F>
Values left_out(Model model, F keep, bool compare_with_last = false) {
  const std::size_t S = model.words.size();
  std::vector<double> before = model(std::vector<double>(S, 1)), found;
  for (std::size_t s = 0; s < S; ++s) {
    const std::vector<double> now = model(keep(s));
    found.push_back(moved(before, now));
    if (compare_with_last) before = now;
  }
  return row(found);
}

/// Tau by its pairs: each counts `same`, `opposite` or `tie`.
double tau(const std::vector<double>& a, const std::vector<double>& b, double tie, double pairs) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = i + 1; j < a.size(); ++j) {
      const double product = (a[i] - a[j]) * (b[i] - b[j]);
      total += product > 0 ? 1 : product < 0 ? -1 : tie;
    }
  }
  return total / pairs;
}

/// Pearson's correlation.
double pearson(const std::vector<double>& a, const std::vector<double>& b) {
  const double n = static_cast<double>(a.size());
  double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / n, mb += b[i] / n;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

/// Ones, with `inside` at word s.
std::vector<double> but_one(std::size_t S, std::size_t s, double others, double inside) {
  std::vector<double> keep(S, others);
  keep[s] = inside;
  return keep;
}

/// What mistakes in leave_one_out give.
Mistakes leaving_mistakes(const std::vector<double>& words) {
  const std::size_t S = words.size();
  const auto without = [S](std::size_t s) { return but_one(S, s, 1, 0); };
  const auto only = [S](std::size_t s) { return but_one(S, s, 0, 1); };
  const auto growing = [S](std::size_t s) {
    std::vector<double> keep(S, 1);
    std::fill_n(keep.begin(), s + 1, 0.0);
    return keep;
  };
  return {
      {"all words but one are left out: keep is 0 at the word alone", left_out(Model{words}, only)},
      {"a word that was left out stays out: each word is left out alone",
       left_out(Model{words}, growing)},
      {"it is compared with the word before; compare with the prediction of all words",
       left_out(Model{words}, without, true)},
      {"the word is left out after the model was asked", row(std::vector<double>(S, 0))}};
}

}  // namespace

EXERCISE("entropy", "reading.hpp") {
  for (const Case& one : cases("16_reading", "entropy")) {
    Mistakes mistakes =
        known(one, {{"bits", "the logarithm is that of base 2; it is the natural one"},
                    {"mean", "the terms are summed, not meaned"},
                    {"number", "that is exp(H), the number of words, not H"}});
    mistakes.push_back(
        {"0 log(0) is not a number: a weight of 0 adds nothing", careless(one["w"])});
    Values turned = one["y"];
    for (double& h : turned.numbers) h = -h;
    mistakes.push_back({"the sign is turned round: the logarithms are below 0, H is not", turned});
    for (const bool strided : {false, true}) {
      same(one.name, course::entropy(array_of(one["w"], strided)), one["y"], mistakes);
    }
  }
}

EXERCISE("mean_over_heads", "reading.hpp") {
  for (const Case& one : cases("16_reading", "mean_over_heads")) {
    for (const bool strided : {false, true}) {
      same(one.name, course::mean_over_heads(array_of(one["w"], strided)), one["y"],
           known(one, {{"sum", "the heads are summed, not meaned: rows no longer sum to 1"},
                       {"largest", "that is the largest of the heads, not their mean"},
                       {"first", "that is the first head alone"},
                       {"of_queries", "the mean runs over the queries; the heads are axis 1"}}));
    }
  }
}

EXERCISE("total_variation", "reading.hpp") {
  for (const auto& [p, q] : std::vector<std::pair<std::vector<double>, std::vector<double>>>{
           {{0.5, 0.3, 0.2}, {0.1, 0.3, 0.6}},
           {{1, 0}, {0, 1}},
           {{0.25, 0.75}, {0.25, 0.75}},
           {{0.6, 0.1, 0.1, 0.2}, {0.2, 0.3, 0.4, 0.1}},
           {{1}, {1}}}) {
    double sum = 0, squares = 0, largest = 0, signed_sum = 0, divergence = 0;
    for (std::size_t v = 0; v < p.size(); ++v) {
      const double d = p[v] - q[v];
      sum += std::abs(d);
      squares += d * d;
      largest = std::max(largest, std::abs(d));
      signed_sum += d;
      if (p[v] > 0) divergence += p[v] * std::log(p[v] / q[v]);
    }
    same("total_variation of two lists of " + std::to_string(p.size()) + " probabilities",
         course::total_variation(p, q), sum / 2,
         {{"half of the sum: what is too much at one answer is missing at another", sum},
          {"differences of different sign cancel: take their absolute values", signed_sum / 2},
          {"the differences are squared; their absolute values are wanted", squares / 2},
          {"that is the root of the squares", std::sqrt(squares)},
          {"that is the largest difference alone; all are summed", largest},
          {"that is the Kullback-Leibler divergence", divergence}});
  }
}

EXERCISE("leave_one_out", "reading.hpp") {
  for (const std::vector<double>& words :
       std::vector<std::vector<double>>{{1.5, -0.4, 0.9, -2, 0.3}, {0.7, 0.7}, {-1}}) {
    const std::size_t S = words.size();
    const std::string what = "leave_one_out of " + std::to_string(S) + " words";
    Model model{words};
    const course::Predict predict = [&](const Array& keep) {
      const Values k = values_of("leave_one_out: the keep that the model is asked with", keep);
      holds(k.shape == course::Shape{static_cast<int64_t>(S)}, "leave_one_out",
            "keep has shape " + text(k.shape) + ", expected [" + std::to_string(S) + "]");
      return model(k.numbers);
    };
    const auto got = course::leave_one_out(predict, static_cast<int64_t>(S));
    const auto without = [S](std::size_t s) { return but_one(S, s, 1, 0); };
    same(what, row(got), left_out(Model{words}, without), leaving_mistakes(words));
    holds(model.asked <= static_cast<int64_t>(S) + 1, what,
          "the model is asked " + std::to_string(model.asked) + " times, expected " +
              std::to_string(S + 1),
          "the prediction of all words is asked for once");
  }
}

EXERCISE("kendall_tau", "reading.hpp") {
  for (const auto& [a, b] : std::vector<std::pair<std::vector<double>, std::vector<double>>>{
           {{0.1, 0.2, 0.3, 0.4}, {1, 5, 8, 9}},
           {{0.1, 0.2, 0.3, 0.4}, {9, 8, 5, 1}},
           {{0.4, 0.1, 0.3, 0.15, 0.05}, {0.2, 0.21, 0.5, 0.1, 0.01}},
           {{0.3, 0.3, 0.1, 0.5}, {1, 2, 0.5, 0.5}},
           {{2, 1}, {1, 2}}}) {
    const double n = static_cast<double>(a.size()), pairs = n * (n - 1) / 2;
    same("kendall_tau of two lists of " + std::to_string(a.size()), course::kendall_tau(a, b),
         tau(a, b, 0, pairs),
         {{"a pair with equal numbers counts as neither; here it counts as the same order",
           tau(a, b, 1, pairs)},
          {"a pair with equal numbers counts as neither; here it counts as opposite order",
           tau(a, b, -1, pairs)},
          {"there are n (n - 1) / 2 pairs, not n (n - 1)", tau(a, b, 0, 2 * pairs)},
          {"each pair is counted twice", tau(a, b, 0, pairs / 2)},
          {"it is divided by n * n / 2; no word is a pair with itself", tau(a, b, 0, n * n / 2)},
          {"it is not divided by the number of pairs", tau(a, b, 0, 1)},
          {"opposite pairs are to be taken off, not left out", (tau(a, b, 0, pairs) + 1) / 2},
          {"that is Pearson's correlation; tau asks for the order alone", pearson(a, b)}});
  }
}

EXERCISE("rollout", "reading.hpp") {
  for (const Case& one : cases("16_reading", "rollout")) {
    for (const bool strided : {false, true}) {
      std::vector<Array> layers;
      for (int64_t i = 0; i < one.ids("layers")[0]; ++i) {
        layers.push_back(array_of(one["w" + std::to_string(i)], strided));
      }
      same(one.name, course::rollout(layers), one["y"],
           known(one, {{"no_residual", "the residual connection is missing: A = (W + I) / 2"},
                       {"no_half", "W + I is not halved: rows no longer sum to 1"},
                       {"turned", "the product is turned round: the last layer stands on the left"},
                       {"added",
                        "the layers are meaned, not multiplied: what a word took from "
                        "another has itself been mixed before"}}));
      for (std::size_t i = 0; i < layers.size(); ++i) {
        same(one.name + ": the weights of layer " + std::to_string(i) + " afterwards", layers[i],
             one["w" + std::to_string(i)],
             {{"the weights that were passed have been changed", values_of("rollout", layers[i])}});
      }
    }
  }
}
