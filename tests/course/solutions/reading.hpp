#pragma once

#include "matmul.hpp"

/// Chapter 16: what attention weights show, and how to ask whether they show what matters.
namespace course {

/// How spread out each row of weights is: H = - sum_s w_s log w_s, [..., S] -> [...]. 0 for a row
/// that looks at one word only, log S for one that looks at all S alike; exp(H) is a number of
/// words.
inline Array entropy(const Array& weights) {
  // blank: a weight of 0 adds nothing: w log w goes to 0 with w, but 0 * log(0) is not a number
  const Array w = contiguous(weights);
  const int64_t S = w.shape.back();
  const Array h = zeros(Shape(w.shape.begin(), w.shape.end() - 1));
  for (int64_t r = 0, rows = count(h.shape); r < rows; ++r) {
    for (int64_t s = 0; s < S; ++s) {
      const double x = numbers(w)[r * S + s];
      if (x > 0) numbers(h)[r] -= x * std::log(x);
    }
  }
  return h;
  // end
}

/// The mean over the heads of weights [B, H, T, S]: [B, T, S].
inline Array mean_over_heads(const Array& weights) {
  // blank: axis 1 goes
  const int64_t B = weights.shape[0], H = weights.shape[1];
  const Array total = sum_to(weights, {B, 1, weights.shape[2], weights.shape[3]});
  return map(reshape(total, {B, weights.shape[2], weights.shape[3]}),
             [H](double x) { return x / static_cast<double>(H); });
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
  double total = 0;
  for (std::size_t v = 0; v < p.size(); ++v) total += std::abs(p[v] - q[v]);
  return total / 2;
  // end
}

/// For each of S words, how far the prediction moves when that word alone is left out.
inline std::vector<double> leave_one_out(const Predict& predict, int64_t S) {
  // blank: compare with the prediction of all words; a fresh keep for each word
  const std::vector<double> all = predict(full({S}, 1));
  std::vector<double> moved;
  for (int64_t s = 0; s < S; ++s) {
    const Array keep = full({S}, 1);
    keep.at({s}) = 0;
    moved.push_back(total_variation(all, predict(keep)));
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
  const std::size_t n = a.size();
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double product = (a[i] - a[j]) * (b[i] - b[j]);
      total += product > 0 ? 1 : product < 0 ? -1 : 0;
    }
  }
  return total / (static_cast<double>(n * (n - 1)) / 2);
  // end
}

/// How much each word of the last layer holds of each word of the first, as far as weights and
/// residual connections say: R = A_L ... A_1 with A_l = (W_l + I) / 2, where W_l [B, T, T] are the
/// weights of self-attention l, meaned over its heads. Abnar and Zuidema 2020, section 3.
inline Array rollout(const std::vector<Array>& layers) {
  // blank: half of what a layer gives is what went into it; later layers stand on the left
  Array all;
  for (const Array& weights : layers) {
    const Array a = map(weights, [](double x) { return x / 2; });
    for (int64_t b = 0; b < a.shape[0]; ++b) {
      for (int64_t t = 0; t < a.shape[1]; ++t) a.at({b, t, t}) += 0.5;
    }
    all = all.defined() ? product(a, all) : a;
  }
  return all;
  // end
}

}  // namespace course
