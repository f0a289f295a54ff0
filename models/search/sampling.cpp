#include "sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "../../core/error.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/random.hpp"

namespace heed {

namespace {

/// The Philox streams of sampling; their upper half keeps them apart from all other uses of a seed.
constexpr uint64_t sampling_streams = uint64_t{0x73616d70} << 32;

/// Sets all weights to 0 but those of the words that `top_k` and `top_p` leave. Words stay in the
/// order of their ids: that of near-equal weights would change with the last bit.
void keep_most_probable(std::vector<double>& weights, const Sampling& sampling) {
  std::vector<int32_t> ids;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) ids.push_back(static_cast<int32_t>(i));
  }
  const auto weight = [&](int32_t id) -> double& { return weights[static_cast<std::size_t>(id)]; };
  const auto above = [&](int32_t a, int32_t b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a < b;
  };
  if (sampling.top_k > 0 && sampling.top_k < static_cast<int64_t>(ids.size())) {
    const auto end = ids.begin() + sampling.top_k;
    std::nth_element(ids.begin(), end, ids.end(), above);
    for (auto id = end; id != ids.end(); ++id) weight(*id) = 0;
    ids.erase(end, ids.end());
  }
  if (sampling.top_p >= 1) return;
  double total = 0, reached = 0;
  for (const double one : weights) total += one;
  const auto below = [&](int32_t a, int32_t b) { return above(b, a); };
  std::make_heap(ids.begin(), ids.end(), below);
  auto rest = ids.end();
  while (rest != ids.begin() && reached < sampling.top_p * total) {
    std::pop_heap(ids.begin(), rest, below);
    reached += weight(*--rest);
  }
  for (auto id = ids.begin(); id != rest; ++id) weight(*id) = 0;
}

}  // namespace

void check(const Sampling& sampling) {
  const auto refuse = [](const std::string& message) { throw ConfigError("sampling: " + message); };
  if (!(sampling.temperature > 0) || !std::isfinite(sampling.temperature)) {
    refuse("temperature " + shortest(sampling.temperature) + " is not a number above 0");
  }
  if (sampling.top_k < 0) {
    refuse("top_k " + std::to_string(sampling.top_k) + " is below 0 (0: all words)");
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    refuse("top_p " + shortest(sampling.top_p) + " is not in (0, 1]");
  }
}

double uniform(uint64_t seed, const DrawNumber& number) {
  const uint64_t block =
      (static_cast<uint64_t>(number.draw) << 32) | static_cast<uint64_t>(number.step);
  uint32_t words[4];
  Philox{seed}(block, sampling_streams + static_cast<uint64_t>(number.sentence), words);
  const uint64_t bits = (uint64_t{words[0]} << 32) | words[1];
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

int32_t draw_word(std::vector<double> log_probabilities, const Sampling& sampling, double u) {
  constexpr double minus_infinity = -std::numeric_limits<double>::infinity();
  double largest = minus_infinity;
  for (const double p : log_probabilities) largest = p > largest ? p : largest;
  if (largest == minus_infinity) return -1;
  std::vector<double>& weights = log_probabilities;
  for (double& one : weights) {
    one = one > minus_infinity ? std::exp((one - largest) / sampling.temperature) : 0;
  }
  if (sampling.top_k > 0 || sampling.top_p < 1) keep_most_probable(weights, sampling);
  double total = 0;
  for (const double one : weights) total += one;
  double left = u * total;
  int32_t word = -1;
  for (std::size_t i = 0; i < weights.size() && left >= 0; ++i) {
    if (weights[i] <= 0) continue;
    word = static_cast<int32_t>(i);
    left -= weights[i];
  }
  return word;
}

}  // namespace heed
