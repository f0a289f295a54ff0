#pragma once

#include "../array.hpp"

/// Functions of whole rows: what softmax, normalisation, the loss and the gated unit need.
/// Floating. Inputs may have any strides (they are made contiguous where rows are not), results are
/// new and contiguous.
namespace heed::kernels {

/// Along the last axis. `keep`: undefined, or bool of x's shape (any strides); a row that keeps
/// nothing gives zeros. log_softmax: excluded elements get -inf.
Array softmax(const Array& x, const Array& keep);
Array log_softmax(const Array& x, const Array& keep);
/// max(x - t, 0) with the t of each row that makes it sum to 1.
Array sparsemax(const Array& x, const Array& keep);
/// g - mean of g over the support, 0 outside.
Array sparsemax_backward(const Array& g, const Array& y);
/// y (g - sum(g y));  g - exp(y) sum(g), sums over kept elements, 0 at excluded ones.
Array softmax_backward(const Array& g, const Array& y);
Array log_softmax_backward(const Array& g, const Array& y, const Array& keep);

/// Where the largest numbers of the rows of x [R, V] are to be found, and what makes
/// log-probabilities of logits: log_softmax(x) = (x - top) - log_sum, bit for bit.
struct LargestOfRows {
  /// Numbers of a block.
  static constexpr int64_t block = 64;
  /// The largest number of each block, [R, blocks]; NaN is passed over. Of all: [R].
  Array maxima, top;
  /// [R], if asked for.
  Array log_sum;
};
LargestOfRows largest_of_rows(const Array& x, bool with_log_sum);

/// Losses [N] of logits [N, V] against ids [N] (int32), 0 for ignored ones:
/// -(1 - s) log p_target - s / V sum_v log p_v, and lse[N], the log-sum-exp of each row, for the
/// backward pass. `IndexError` for an id outside [0, V) that is not ignored.
void check_targets(const char* operation, const Array& target, int64_t ignore, int64_t classes);
Array cross_entropy(const Array& logits, const Array& target, int64_t ignore, double smoothing,
                    Array& lse);
/// g[N] * (softmax(logits) - (1 - s) onehot - s / V), rows of ignored targets 0.
Array cross_entropy_backward(const Array& g, const Array& logits, const Array& target,
                             const Array& lse, int64_t ignore, double smoothing);
/// The same into dx [N, V], which may be the logits.
void cross_entropy_backward_into(const Array& dx, const Array& g, const Array& logits,
                                 const Array& target, const Array& lse, int64_t ignore,
                                 double smoothing);

/// y = (x - mean) / sqrt(variance + eps) * weight + bias over the last axis; weight, bias: [D] or
/// undefined. Leaves mean[rows] and rstd[rows] for the backward pass.
Array layer_norm(const Array& x, const Array& weight, const Array& bias, double eps, Array& mean,
                 Array& rstd);
/// dL/dx, and dL/dweight and dL/dbias ([D], new arrays) where the pointers are not null.
Array layer_norm_backward(const Array& g, const Array& x, const Array& weight, const Array& mean,
                          const Array& rstd, Array* weight_gradient, Array* bias_gradient);

/// One step of a gated recurrent unit from its pre-activations. gates_x: [B, 3n] = W x + b (order
/// r, z, n as in PyTorch), gates_h: [B, 3n] = U h + c, h: [B, n]; rows may be strided (last axis
/// contiguous).
///   r = sigmoid(x_r + h_r), z = sigmoid(x_z + h_z), c = tanh(x_n + r h_n), h' = (1 - z) c + z h.
/// keep: undefined or bool [B]: rows that are false keep h. Fills y [B, n] = h' and, for the
/// backward pass, gates [B, 4n] = r, z, c, h_n; their rows may be strided too.
void gru_gates(const Array& gates_x, const Array& gates_h, const Array& h, const Array& keep,
               const Array& y, const Array& gates);
/// From g = dL/dh', fills dL/dgates_x [B, 3n], dL/dgates_h [B, 3n], dL/dh [B, n] (the direct path),
/// of strided rows as well.
void gru_gates_backward(const Array& g, const Array& h, const Array& keep, const Array& gates,
                        const Array& d_gates_x, const Array& d_gates_h, const Array& d_h);

/// One step of a long short-term memory from its pre-activations. inner: [B, 4n] (order i, f, g, o
/// as in PyTorch), state: [B, 2n] = [h; c]; rows may be strided (last axis contiguous).
///   i, f, o = sigmoid, g = tanh of their part;  c' = f c + i g,  h' = o tanh(c')  -> [B, 2n].
/// keep: undefined or bool [B]: rows that are false keep their state. Leaves gates [B, 4n].
Array lstm_gates(const Array& inner, const Array& state, const Array& keep, Array& gates);
/// From g = dL/d[h'; c']: dL/dinner [B, 4n], dL/dstate [B, 2n]. `next` is what lstm_gates gave.
void lstm_gates_backward(const Array& g, const Array& state, const Array& next, const Array& keep,
                         const Array& gates, Array& d_inner, Array& d_state);

}  // namespace heed::kernels
