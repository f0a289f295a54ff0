#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// Coefficients of an optimiser's sweep, rounded once to the element type.
template <class T>
struct SgdCoefficients {
  T lr, momentum, gain, decay;  // gain = 1 - dampening
};

template <class T>
struct AdamCoefficients {
  T decay, shrink;                    // added to the gradient; multiplies the weight
  T gain1, beta2, gain2;              // gain = 1 - beta
  T root_correction, eps, step_size;  // sqrt(1 - beta2^t); lr / (1 - beta1^t)
};

template <class T>
struct AdadeltaCoefficients {
  T lr, rho, gain, eps, decay;  // gain = 1 - rho
};

/// Sweeps over `n` elements, in place; see core/kernels/updates.hpp for the equations.
template <class T>
struct UpdateLoops {
  void (*sgd_plain)(T* weight, const T* gradient, const SgdCoefficients<T>& step, int64_t n);
  void (*sgd_first)(T* weight, const T* gradient, T* velocity, const SgdCoefficients<T>& step,
                    bool nesterov, int64_t n);
  void (*sgd_next)(T* weight, const T* gradient, T* velocity, const SgdCoefficients<T>& step,
                   bool nesterov, int64_t n);
  void (*adam)(T* weight, const T* gradient, T* m, T* v, const AdamCoefficients<T>& step,
               int64_t n);
  void (*adadelta)(T* weight, const T* gradient, T* squares, T* changes,
                   const AdadeltaCoefficients<T>& step, int64_t n);
  /// into += x.
  void (*add)(T* into, const T* x, int64_t n);
};

using UpdateTables = FloatingLoops<UpdateLoops>;

HEED_DECLARE_TABLE(UpdateTables, update_loops)

}  // namespace heed::loops
