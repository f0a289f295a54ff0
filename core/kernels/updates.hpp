#pragma once

#include "../array.hpp"

/// The sweeps of optimisers: one pass over a parameter, its gradient and its state, in place.
/// Contiguous arrays of one floating type.
namespace heed::kernels {

/// g' = g + decay w; v = momentum v + (1 - dampening) g' (v = g' at the first step); w -= lr
/// (nesterov ? g' + momentum v : v). momentum 0: w -= lr g', `velocity` undefined.
struct SgdStep {
  double lr, momentum, dampening, decay;
  bool nesterov, first;
};
void sgd(const Array& weight, const Array& gradient, const Array& velocity, const SgdStep& step);

/// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= lr (m / c1) / (sqrt(v / c2) + eps) with
/// c1 = 1 - b1^t, c2 = 1 - b2^t (Kingma and Ba 2015). `decay` is added to g (Adam) or, decoupled,
/// w *= 1 - lr decay first (AdamW). The order of the arithmetic is PyTorch's.
struct AdamStep {
  double lr, beta1, beta2, eps, decay;
  bool decoupled;
  int64_t t;
};
void adam(const Array& weight, const Array& gradient, const Array& m, const Array& v,
          const AdamStep& step);

/// g' = g + decay w; v = rho v + (1 - rho) g'^2; d = sqrt(u + eps) / sqrt(v + eps) g';
/// u = rho u + (1 - rho) d^2; w -= lr d (Zeiler 2012, algorithm 1). v: `squares`, u: `changes`.
struct AdadeltaStep {
  double lr, rho, eps, decay;
};
void adadelta(const Array& weight, const Array& gradient, const Array& squares,
              const Array& changes, const AdadeltaStep& step);

}  // namespace heed::kernels
