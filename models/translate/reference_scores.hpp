#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../core/named_tensor.hpp"

namespace heed {

/// What a model thinks of a given translation.
struct ReferenceScore {
  /// Natural logarithm of its probability, summed in double, and of each token; end symbol
  /// included.
  double log_probability = 0;
  std::vector<double> log_probabilities;
  int64_t tokens = 0;
  /// Why there is no score (then it is NaN); empty otherwise.
  std::string problem;
};

/// How a model's loss on given translations changes with its weights.
struct ReferenceGradients {
  /// Cross-entropy of all tokens together (their log-probabilities, summed and negated).
  double loss = 0;
  /// Its gradient for every parameter, by the names and in the order of `named_parameters`.
  std::vector<NamedTensor> gradients;
};

}  // namespace heed
