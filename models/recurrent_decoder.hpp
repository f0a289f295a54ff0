#pragma once

#include <vector>

#include "../layers/dropout.hpp"
#include "../layers/linear.hpp"
#include "../layers/recurrent.hpp"
#include "recurrent_config.hpp"

namespace heed {

/// The recurrent layers that write, in RNNsearch and in the EncoderDecoder alike: the lowest reads
/// the last word and the context, s_i = cell([E y_{i-1}; c_i], s_{i-1}), with input feeding [E
/// y_{i-1}; c_i; t_{i-1}], t the read-out (Luong et al. 2015, section 3.3); each further layer
/// reads the state below it. Weights: cell.*, layers.1.*, layers.2.*, ...
struct RecurrentDecoder {
  explicit RecurrentDecoder(const RecurrentConfig& config);
  /// Every layer's state before the first word, from s_0 [B, n].
  std::vector<Tensor> start(const Tensor& s0) const;
  /// One word on: gates [R, G n], the lowest layer's projected input -> s_i of the top layer [R,
  /// n].
  Tensor step(const Tensor& gates, std::vector<Tensor>& states) const;
  /// s of the top layer.
  Tensor top(const std::vector<Tensor>& states) const { return cell.output(states.back()); }
  void members(Members& m);

  RecurrentCell cell;
  /// Layers 1, 2, ...
  std::vector<RecurrentCell> layers;
  Dropout dropout;
};

/// The lowest layer's input weights, cut: W E y_{i-1} + C c_i (+ F t_{i-1}) instead of one product
/// with the parts side by side, so that all words of a target can be multiplied at once.
struct InputWeights {
  Tensor word, context, fed, bias;  // [G n, E], [G n, 2n], [G n, L] or undefined, [G n]
  InputWeights(const RecurrentDecoder& decoder, const RecurrentConfig& config);
};

/// The layer that `read_out` multiplies by: [2L, n + 2n + E] for maxout, [L, n + 2n + E] for tanh.
Linear make_readout(const RecurrentConfig& config);

/// A.2.2: t_i = maxout(U_o s_i + V_o E y_{i-1} + C_o c_i), or tanh of it, for any number of words:
/// s [..., n], c [..., 2n], Ey [..., E] -> [..., L]. Goodfellow et al. 2013 (maxout).
Tensor read_out(const Linear& readout, Readout kind, const Tensor& s, const Tensor& c,
                const Tensor& Ey);

}  // namespace heed
