#pragma once

#include "matmul.hpp"

/// Chapter 16: what attention weights show, and how to ask whether they show what matters.
namespace course {

/// How spread out each row of weights is: H = - sum_s w_s log w_s, [..., S] -> [...]. 0 for a row
/// that looks at one word only, log S for one that looks at all S alike; exp(H) is a number of
/// words.
inline Array entropy(const Array& weights) {
  // blank: a weight of 0 adds nothing: w log w goes to 0 with w, but 0 * log(0) is not a number
  const Array terms = map(weights, [](double x) { return x == 0 ? 0 : x * std::log(x); });
  Shape shape = weights.shape;
  shape.back() = 1;
  const Array total = sum_to(terms, shape);
  shape.pop_back();
  return reshape(map(total, [](double x) { return 0 - x; }), shape);
  // end
}

/// The mean over the heads of weights [B, H, T, S]: [B, T, S].
inline Array mean_over_heads(const Array& weights) {
  // blank: axis 1 goes
  const int64_t B = weights.shape[0], H = weights.shape[1], T = weights.shape[2];
  const int64_t S = weights.shape[3];
  const Array mean = zeros({B, T, S});
  Shape index(4, 0);
  if (count(weights.shape) > 0) {
    do mean.at({index[0], index[2], index[3]}) += weights.at(index) / static_cast<double>(H);
    while (next(index, weights.shape));
  }
  return mean;
  // end
}

// [predict]
/// Asks a model what it says of one sentence of S words, of which it may use those where keep [S]
/// is 1: the probabilities of its V answers.
using Predict = std::function<std::vector<double>(const Array& keep)>;
// [/predict]

/// Half the sum of |p_v - q_v|: 0 for the same probabilities, 1 for such as have no answer in
/// common. Jain and Wallace 2019, section 4, call it TVD.
inline double total_variation(const std::vector<double>& p, const std::vector<double>& q) {
  // blank: what one of them must move to become the other
  double over = 0;
  for (std::size_t v = 0; v < p.size(); ++v) over += std::max(p[v] - q[v], 0.0);
  return over;
  // end
}

/// For each of S words, how far the prediction moves when that word alone is left out.
inline std::vector<double> leave_one_out(const Predict& predict, int64_t S) {
  // blank: compare with the prediction of all words; a fresh keep for each word
  std::vector<double> moved(S);
  Array keep = full({S}, 1);
  const auto all = predict(keep);
  for (int64_t s = 0; s < S; ++s) {
    keep = full({S}, 1);
    numbers(keep)[s] = 0;
    moved[s] = total_variation(predict(keep), all);
  }
  return moved;
  // end
}

/// How alike two lists order the same things, Kendall's tau: of all pairs, those that both lists
/// order in the same way, less those that they order in opposite ways, divided by the number of
/// pairs. 1: the same order, -1: turned round, near 0: nothing in common. A pair of which a list
/// holds two equal numbers counts as neither.
inline double kendall_tau(const std::vector<double>& a, const std::vector<double>& b) {
  // blank: each pair i < j once; n (n - 1) / 2 of them
  int64_t same = 0, opposite = 0, pairs = 0;
  for (std::size_t j = 1; j < a.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i, ++pairs) {
      if ((a[i] < a[j] && b[i] < b[j]) || (a[i] > a[j] && b[i] > b[j])) ++same;
      if ((a[i] < a[j] && b[i] > b[j]) || (a[i] > a[j] && b[i] < b[j])) ++opposite;
    }
  }
  return static_cast<double>(same - opposite) / static_cast<double>(pairs);
  // end
}

/// How much each word of the last layer holds of each word of the first, as far as weights and
/// residual connections say: R = A_L ... A_1 with A_l = (W_l + I) / 2, where W_l [B, T, T] are the
/// weights of self-attention l, meaned over its heads. Abnar and Zuidema 2020, section 3.
inline Array rollout(const std::vector<Array>& layers) {
  // blank: half of what a layer gives is what went into it; later layers stand on the left
  const int64_t T = layers.at(0).shape[1];
  Array identity = zeros({T, T});
  for (int64_t t = 0; t < T; ++t) identity.at({t, t}) = 1;
  identity = contiguous(broadcast_to(identity, layers[0].shape));
  Array all = identity;
  for (const Array& w : layers) {
    all = product(map(w, identity, [](double x, double one) { return (x + one) / 2; }), all);
  }
  return all;
  // end
}

}  // namespace course
