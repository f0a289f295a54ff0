#pragma once

#include <heed/layers/dropout.hpp>
#include <heed/layers/module.hpp>

namespace heed {

/// Where the reset gate acts: on the product U h (`after`, as in PyTorch and cuDNN) or on the state
/// before the product (`before`, as in Cho et al. 2014 and Bahdanau et al. 2014).
enum class Reset { after, before };

/// One step of a gated recurrent unit from its pre-activations, with the reset gate after the
/// product:
///   r = sigmoid(x_r + h_r), z = sigmoid(x_z + h_z), c = tanh(x_n + r h_n), h' = (1 - z) c + z h.
/// gates_x: [B, 3n] = W x + b, gates_h: [B, 3n] = U h + b' (order r, z, n), h: [B, n], keep: [B]
/// bool or undefined; rows that are not kept keep their h. -> [B, n]. One recorded operation.
Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                const Tensor& keep = {});

namespace composed {
/// The same from elementary operations.
Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                const Tensor& keep = {});
}  // namespace composed

/// Sizes of a GRUCell.
struct GRUCellConfig {
  int64_t input, hidden;
  Reset reset = Reset::after;
};

/// Gated recurrent unit, one step (Cho et al. 2014, section 2.3, with PyTorch's update
/// h' = (1 - z) c + z h).   x: [B, I], h: [B, n] -> [B, n]. Weights in gate order r, z, n:
/// weight_ih [3n, I], weight_hh [3n, n], bias_ih [3n], bias_hh [3n]; they start uniform in
/// +-1/sqrt(n). With the reset gate before the product: c = tanh(W x + b + U (r h) + b'). As
/// torch.nn.GRUCell.
struct GRUCell {
  GRUCellConfig config;
  Parameter weight_ih, weight_hh, bias_ih, bias_hh;

  explicit GRUCell(GRUCellConfig sizes);
  Tensor operator()(const Tensor& x, const Tensor& h) const;
  /// The input's part of the gates, for any number of steps at once: [..., I] -> [..., 3n].
  Tensor project(const Tensor& x) const;
  /// A step whose input was projected before. gates_x: [B, 3n], h: [B, n], keep: [B] bool (rows
  /// that are false keep their h) or undefined -> [B, n].
  Tensor step(const Tensor& gates_x, const Tensor& h, const Tensor& keep = {}) const;
  void members(Members& m) {
    m("weight_ih", weight_ih)("weight_hh", weight_hh)("bias_ih", bias_ih)("bias_hh", bias_hh);
  }
};

/// Sizes of a GRU. `dropout` acts between layers, in training.
struct GRUConfig {
  int64_t input, hidden;
  int64_t layers = 1;
  bool bidirectional = false;
  Reset reset = Reset::after;
  double dropout = 0;
};

/// What a recurrent layer returns.
struct GRUResult {
  /// States of the top layer, [B, S, directions * n], forward before backward; 0 at padding.
  Tensor output;
  /// Last state of each layer and direction, [layers * directions, B, n]; the backward direction's
  /// is that at the first word.
  Tensor last;
};

/// Gated recurrent units over sequences, several layers, one or both directions.   x: [B, S, I].
/// keep: [B, S] bool, true = real word, padding at the end only; undefined: no padding. A padded
/// sequence gives what it gives alone. h0: [layers * directions, B, n], undefined: zeros. Weights
/// are named and laid out as in torch.nn.GRU(batch_first=True): weight_ih_l0, ...,
/// bias_hh_l1_reverse.
struct GRU {
  GRUConfig config;
  /// A cell for each layer and direction: layer 0 forward, layer 0 backward, layer 1 forward, ...
  std::vector<GRUCell> cells;
  Dropout dropout;

  explicit GRU(GRUConfig sizes);
  GRUResult operator()(const Tensor& x, const Tensor& keep = {}, const Tensor& h0 = {}) const;
  void members(Members& m);
  int64_t directions() const { return config.bidirectional ? 2 : 1; }
};

}  // namespace heed
