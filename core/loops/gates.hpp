#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Loops over one row of a gated recurrent cell; see core/kernels/rows.hpp for the equations. A
/// GRU's gates are rows of 4n: r, z, candidate, U h in the candidate; an LSTM's of 4n: i, f, g, o,
/// and its states of 2n: h, c.
template <class T>
struct GateLoops {
  void (*forward)(const T* gates_x, const T* gates_h, const T* h, T* y, T* gates, int64_t n);
  void (*backward)(const T* g, const T* h, const T* gates, T* d_gates_x, T* d_gates_h, T* d_h,
                   int64_t n);
  void (*lstm_forward)(const T* inner, const T* state, T* next, T* gates, int64_t n);
  void (*lstm_backward)(const T* g, const T* state, const T* next, const T* gates, T* d_inner,
                        T* d_state, int64_t n);
};

using GateTables = FloatingLoops<GateLoops>;

HEED_DECLARE_TABLE(GateTables, gate_loops)

}  // namespace heed::loops
