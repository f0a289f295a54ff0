#pragma once

#include "matmul.hpp"

/// Chapter 16: what attention weights show, and how to ask whether they show what matters.
namespace course {

/// How spread out each row of weights is: H = - sum_s w_s log w_s, [..., S] -> [...]. 0 for a row
/// that looks at one word only, log S for one that looks at all S alike; exp(H) is a number of
/// words.
inline Array entropy(const Array& weights) {
  // a weight of 0 adds nothing: w log w goes to 0 with w, but 0 * log(0) is not a number
  BLANK;
}

/// The mean over the heads of weights [B, H, T, S]: [B, T, S].
inline Array mean_over_heads(const Array& weights) {
  // axis 1 goes
  BLANK;
}

// [predict]
/// Asks a model what it says of one sentence of S words, of which it may use those where keep [S]
/// is 1: the probabilities of its V answers.
using Predict = std::function<std::vector<double>(const Array& keep)>;
// [/predict]

/// Half the sum of |p_v - q_v|: 0 for the same probabilities, 1 for such as have no answer in
/// common. Jain and Wallace 2019, section 4, call it TVD.
inline double total_variation(const std::vector<double>& p, const std::vector<double>& q) {
  // what one of them must move to become the other
  BLANK;
}

/// For each of S words, how far the prediction moves when that word alone is left out.
inline std::vector<double> leave_one_out(const Predict& predict, int64_t S) {
  // compare with the prediction of all words; a fresh keep for each word
  BLANK;
}

/// How alike two lists order the same things, Kendall's tau: of all pairs, those that both lists
/// order in the same way, less those that they order in opposite ways, divided by the number of
/// pairs. 1: the same order, -1: turned round, near 0: nothing in common. A pair of which a list
/// holds two equal numbers counts as neither.
inline double kendall_tau(const std::vector<double>& a, const std::vector<double>& b) {
  // each pair i < j once; n (n - 1) / 2 of them
  BLANK;
}

/// How much each word of the last layer holds of each word of the first, as far as weights and
/// residual connections say: R = A_L ... A_1 with A_l = (W_l + I) / 2, where W_l [B, T, T] are the
/// weights of self-attention l, meaned over its heads. Abnar and Zuidema 2020, section 3.
inline Array rollout(const std::vector<Array>& layers) {
  // half of what a layer gives is what went into it; later layers stand on the left
  BLANK;
}

}  // namespace course
