#pragma once

#include "dropout.hpp"
#include "module.hpp"

namespace heed {

/// The recurrent nets: gated recurrent unit (Cho et al. 2014), long short-term memory (Hochreiter
/// and Schmidhuber 1997, with the forget gate of Gers et al. 2000),
/// plain recurrent net (Elman 1990).
enum class Cell { gru, lstm, rnn };

/// Where a GRU's reset gate acts: on the product U h (`after`, as in PyTorch and cuDNN) or on the
/// state before the product (`before`, as in Cho et al. 2014 and Bahdanau et al. 2014).
enum class Reset { after, before };

/// The function of a plain recurrent net.
enum class Nonlinearity { tanh, relu };

/// One step of a gated recurrent unit from its pre-activations, with the reset gate after the
/// product:
///   r = sigmoid(x_r + h_r), z = sigmoid(x_z + h_z), c = tanh(x_n + r h_n), h' = (1 - z) c + z h.
/// gates_x: [B, 3n] = W x + b, gates_h: [B, 3n] = U h + b' (order r, z, n), h: [B, n], keep: [B]
/// bool or undefined; rows that are not kept keep their h. -> [B, n]. One recorded operation.
Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                const Tensor& keep = {});

/// What `gru_sequence` takes beside its operands. first: [B, n], undefined: zeros. keep: [S, B]
/// bool or undefined; where a sequence has no word its state stays. backward: from the last word
/// to the first.
struct SequenceOptions {
  Tensor first = {}, keep = {};
  bool backward = false;
};

/// The states after every word: gru_step(gates_x_t, U h + b', h) from word to word. gates_x:
/// [B, S, 3n], weight (U): [3n, n], bias (b'): [3n] or undefined -> [B, S, n]. One recorded
/// operation, which keeps of a step r, z, c and U_n h. Throws `ShapeError`, `TypeError`.
Tensor gru_sequence(const Tensor& gates_x, const Tensor& weight, const Tensor& bias,
                    const SequenceOptions& options = {});

/// One step of a long short-term memory from its pre-activations, W x + b + U h + b':
///   i, f, o = sigmoid(their part), g = tanh(its part);  c' = f c + i g,  h' = o tanh(c').
/// gates: [B, 4n] (order i, f, g, o), state: [B, 2n] = [h; c], keep: [B] bool or undefined; rows
/// that are not kept keep their state. -> [B, 2n] = [h'; c']. One recorded operation.
Tensor lstm_step(const Tensor& gates, const Tensor& state, const Tensor& keep = {});

namespace composed {
/// The same from elementary operations.
Tensor gru_step(const Tensor& gates_x, const Tensor& gates_h, const Tensor& h,
                const Tensor& keep = {});
Tensor gru_sequence(const Tensor& gates_x, const Tensor& weight, const Tensor& bias,
                    const SequenceOptions& options = {});
Tensor lstm_step(const Tensor& gates, const Tensor& state, const Tensor& keep = {});
}  // namespace composed

/// Kind and sizes of a cell. `reset` is read by a GRU, `nonlinearity` by a plain net. Without
/// `bias` there is no b and no b', here and in the configurations below.
struct CellConfig {
  Cell cell = Cell::gru;
  int64_t input = 0, hidden = 0;
  Reset reset = Reset::after;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
};

/// One step of any recurrent net: what GRUCell, LSTMCell and RNNCell are. weight_ih [G n, I],
/// weight_hh [G n, n], bias_ih [G n], bias_hh [G n] with G = 3 gates of a GRU (r, z, n), 4 of an
/// LSTM (i, f, g, o), 1 of a plain net, h' = tanh(W x + b + U h + b'); they start uniform in
/// +-1/sqrt(n). Its state is one tensor: h [B, n], of an LSTM [h; c] [B, 2n].
struct RecurrentCell {
  CellConfig config;
  Parameter weight_ih, weight_hh, bias_ih, bias_hh;

  explicit RecurrentCell(CellConfig sizes);
  /// The input's part of the gates, for any number of steps at once: [..., I] -> [..., G n].
  Tensor project(const Tensor& x) const;
  /// A step whose input was projected before. gates_x: [..., G n], state: [..., state_size()];
  /// keep, with one leading axis: [B] bool (rows that are false keep their state) or undefined ->
  /// the next state.
  Tensor step(const Tensor& gates_x, const Tensor& state, const Tensor& keep = {}) const;
  /// h of a state: [..., state_size()] -> [..., n].
  Tensor output(const Tensor& state) const;
  /// The state with this h, [B, n]; an LSTM's c is 0.
  Tensor state_from(const Tensor& h) const;
  int64_t state_size() const;
  void members(Members& m) {
    m("weight_ih", weight_ih)("weight_hh", weight_hh)("bias_ih", bias_ih)("bias_hh", bias_hh);
  }
};

/// Sizes of a GRUCell.
struct GRUCellConfig {
  int64_t input, hidden;
  Reset reset = Reset::after;
  bool bias = true;
};

/// Gated recurrent unit, one step (Cho et al. 2014, section 2.3), with PyTorch's update,
/// h' = (1 - z) c + z h.   x: [B, I] or [I], h: [B, n] or [n], undefined: zeros -> h'. With the
/// reset gate before the product: c = tanh(W x + b + U (r h) + b'). As torch.nn.GRUCell.
struct GRUCell : RecurrentCell {
  explicit GRUCell(GRUCellConfig sizes);
  /// In PyTorch's order.
  GRUCell(int64_t input, int64_t hidden, bool bias = true)
      : GRUCell(GRUCellConfig{.input = input, .hidden = hidden, .bias = bias}) {}
  Tensor operator()(const Tensor& x, const Tensor& h = {}) const;
  auto arguments() const {
    return std::tuple(GRUCellConfig{config.input, config.hidden, config.reset, config.bias});
  }
};

/// Sizes of an LSTMCell.
struct LSTMCellConfig {
  int64_t input, hidden;
  bool bias = true;
};

/// What an LSTM remembers: h and c, each [B, n]; both or neither (zeros).
struct LSTMState {
  Tensor h, c;
};

/// Long short-term memory, one step (Hochreiter and Schmidhuber 1997, with a forget gate; the
/// equations stand at `lstm_step`).   x: [B, I] or [I], h and c: [B, n] or [n], undefined: zeros.
/// As torch.nn.LSTMCell.
struct LSTMCell : RecurrentCell {
  explicit LSTMCell(LSTMCellConfig sizes);
  /// In PyTorch's order.
  LSTMCell(int64_t input, int64_t hidden, bool bias = true)
      : LSTMCell(LSTMCellConfig{.input = input, .hidden = hidden, .bias = bias}) {}
  LSTMState operator()(const Tensor& x, const LSTMState& state = {}) const;
  auto arguments() const {
    return std::tuple(LSTMCellConfig{config.input, config.hidden, config.bias});
  }
};

/// Sizes of an RNNCell.
struct RNNCellConfig {
  int64_t input, hidden;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  bool bias = true;
};

/// Plain recurrent net, one step, h' = tanh(W x + b + U h + b') (Elman 1990).
/// x: [B, I] or [I], h: [B, n] or [n], undefined: zeros -> h'. As torch.nn.RNNCell.
struct RNNCell : RecurrentCell {
  explicit RNNCell(RNNCellConfig sizes);
  /// In PyTorch's order.
  RNNCell(int64_t input, int64_t hidden, bool bias = true,
          Nonlinearity nonlinearity = Nonlinearity::tanh)
      : RNNCell(RNNCellConfig{
            .input = input, .hidden = hidden, .nonlinearity = nonlinearity, .bias = bias}) {}
  Tensor operator()(const Tensor& x, const Tensor& h = {}) const;
  auto arguments() const {
    return std::tuple(RNNCellConfig{config.input, config.hidden, config.nonlinearity, config.bias});
  }
};

/// Kind and sizes of recurrent layers. `dropout` acts between layers, in training.
struct RecurrentLayersConfig {
  Cell cell = Cell::gru;
  int64_t input = 0, hidden = 0;
  int64_t layers = 1;
  bool bidirectional = false;
  Reset reset = Reset::after;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  double dropout = 0;
  bool bias = true;
};

/// What recurrent layers return.
struct RecurrentResult {
  /// h of the top layer, [B, S, directions * n], forward before backward; 0 at padding.
  Tensor output;
  /// Last h of each layer and direction, [layers * directions, B, n]; the backward direction's is
  /// that at the first word.
  Tensor last;
  /// The same of an LSTM's c; undefined for other nets.
  Tensor last_cell;
};

/// Recurrent cells over sequences, several layers, one or both directions: what GRU, LSTM and RNN
/// are.   x: [B, S, I]. keep: [B, S] bool, true = real word, padding at the end only (`DataError`
/// for padding before a word); undefined: no padding. A padded sequence gives what it gives alone.
/// One sequence, x: [S, I], keep: [S], has no axis B here and below. Weights are named and laid out
/// as in torch.nn.GRU(batch_first=True): weight_ih_l0, ..., bias_hh_l1_reverse.
struct RecurrentLayers {
  RecurrentLayersConfig config;
  /// A cell for each layer and direction: layer 0 forward, layer 0 backward, layer 1 forward, ...
  std::vector<RecurrentCell> cells;
  Dropout dropout;

  explicit RecurrentLayers(RecurrentLayersConfig sizes);
  /// first: the first states, [layers * directions, B, state size of a cell]; undefined: zeros.
  RecurrentResult operator()(const Tensor& x, const Tensor& keep = {},
                             const Tensor& first = {}) const;
  void members(Members& m);
  int64_t directions() const { return config.bidirectional ? 2 : 1; }
};

/// Sizes of a GRU.
struct GRUConfig {
  int64_t input, hidden;
  int64_t layers = 1;
  bool bidirectional = false;
  Reset reset = Reset::after;
  double dropout = 0;
  bool bias = true;
};

/// Gated recurrent units over sequences. The first states are h0,
/// [layers * directions, B, n]. As torch.nn.GRU(batch_first=True).
struct GRU : RecurrentLayers {
  explicit GRU(GRUConfig sizes);
  /// In PyTorch's order; what is not here is named in the configuration.
  GRU(int64_t input, int64_t hidden, int64_t layers = 1, bool bias = true)
      : GRU(GRUConfig{.input = input, .hidden = hidden, .layers = layers, .bias = bias}) {}
  auto arguments() const {
    const auto& c = config;
    return std::tuple(
        GRUConfig{c.input, c.hidden, c.layers, c.bidirectional, c.reset, c.dropout, c.bias});
  }
};

/// Sizes of an LSTM.
struct LSTMConfig {
  int64_t input, hidden;
  int64_t layers = 1;
  bool bidirectional = false;
  double dropout = 0;
  bool bias = true;
};

/// Long short-term memories over sequences. first.h and first.c: [layers * directions, B, n], both
/// or neither (zeros). As torch.nn.LSTM(batch_first=True).
struct LSTM : RecurrentLayers {
  explicit LSTM(LSTMConfig sizes);
  /// In PyTorch's order; what is not here is named in the configuration.
  LSTM(int64_t input, int64_t hidden, int64_t layers = 1, bool bias = true)
      : LSTM(LSTMConfig{.input = input, .hidden = hidden, .layers = layers, .bias = bias}) {}
  RecurrentResult operator()(const Tensor& x, const Tensor& keep = {},
                             const LSTMState& first = {}) const;
  auto arguments() const {
    const auto& c = config;
    return std::tuple(LSTMConfig{c.input, c.hidden, c.layers, c.bidirectional, c.dropout, c.bias});
  }
};

/// Sizes of an RNN.
struct RNNConfig {
  int64_t input, hidden;
  int64_t layers = 1;
  bool bidirectional = false;
  Nonlinearity nonlinearity = Nonlinearity::tanh;
  double dropout = 0;
  bool bias = true;
};

/// Plain recurrent nets over sequences. The first states are h0,
/// [layers * directions, B, n]. As torch.nn.RNN(batch_first=True).
struct RNN : RecurrentLayers {
  explicit RNN(RNNConfig sizes);
  /// In PyTorch's order; what is not here is named in the configuration.
  RNN(int64_t input, int64_t hidden, int64_t layers = 1,
      Nonlinearity nonlinearity = Nonlinearity::tanh, bool bias = true)
      : RNN(RNNConfig{.input = input,
                      .hidden = hidden,
                      .layers = layers,
                      .nonlinearity = nonlinearity,
                      .bias = bias}) {}
  auto arguments() const {
    const auto& c = config;
    return std::tuple(
        RNNConfig{c.input, c.hidden, c.layers, c.bidirectional, c.nonlinearity, c.dropout, c.bias});
  }
};

}  // namespace heed
