#include "updates.hpp"

#include <cmath>

#include "../loops/updates.hpp"
#include "../parallel.hpp"
#include "dispatch.hpp"

namespace heed::kernels {

namespace {

/// Elements that a thread sweeps at a time.
constexpr int64_t piece = 1 << 14;

}  // namespace

void sgd(const Array& weight, const Array& gradient, const Array& velocity, const SgdStep& step) {
  for_floating(weight.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::update_loops().of<T>();
    const loops::SgdCoefficients<T> s{static_cast<T>(step.lr), static_cast<T>(step.momentum),
                                      static_cast<T>(1 - step.dampening),
                                      static_cast<T>(step.decay)};
    T *w = weight.data<T>(), *v = velocity.defined() ? velocity.data<T>() : nullptr;
    const T* g = gradient.data<T>();
    parallel_for(weight.numel(), piece, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      if (step.momentum == 0) {
        loop.sgd_plain(w + begin, g + begin, s, n);
      } else if (step.first) {
        loop.sgd_first(w + begin, g + begin, v + begin, s, step.nesterov, n);
      } else {
        loop.sgd_next(w + begin, g + begin, v + begin, s, step.nesterov, n);
      }
    });
  });
}

void adam(const Array& weight, const Array& gradient, const Array& m, const Array& v,
          const AdamStep& step) {
  const double correction1 = 1 - std::pow(step.beta1, static_cast<double>(step.t));
  const double correction2 = 1 - std::pow(step.beta2, static_cast<double>(step.t));
  for_floating(weight.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::update_loops().of<T>();
    const loops::AdamCoefficients<T> s{
        .decay = static_cast<T>(step.decoupled ? 0 : step.decay),
        .shrink = static_cast<T>(step.decoupled ? 1 - step.lr * step.decay : 1),
        .gain1 = static_cast<T>(1 - step.beta1),
        .beta2 = static_cast<T>(step.beta2),
        .gain2 = static_cast<T>(1 - step.beta2),
        .root_correction = static_cast<T>(std::sqrt(correction2)),
        .eps = static_cast<T>(step.eps),
        .step_size = static_cast<T>(step.lr / correction1)};
    T *w = weight.data<T>(), *first = m.data<T>(), *second = v.data<T>();
    const T* g = gradient.data<T>();
    parallel_for(weight.numel(), piece, [&](int64_t begin, int64_t end) {
      loop.adam(w + begin, g + begin, first + begin, second + begin, s, end - begin);
    });
  });
}

void adadelta(const Array& weight, const Array& gradient, const Array& squares,
              const Array& changes, const AdadeltaStep& step) {
  for_floating(weight.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::update_loops().of<T>();
    const loops::AdadeltaCoefficients<T> s{static_cast<T>(step.lr), static_cast<T>(step.rho),
                                           static_cast<T>(1 - step.rho), static_cast<T>(step.eps),
                                           static_cast<T>(step.decay)};
    T *w = weight.data<T>(), *v = squares.data<T>(), *u = changes.data<T>();
    const T* g = gradient.data<T>();
    parallel_for(weight.numel(), piece, [&](int64_t begin, int64_t end) {
      loop.adadelta(w + begin, g + begin, v + begin, u + begin, s, end - begin);
    });
  });
}

}  // namespace heed::kernels
