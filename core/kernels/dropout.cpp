#include "dropout.hpp"

#include <cmath>

#include "../loops/dropout.hpp"
#include "../parallel.hpp"
#include "dispatch.hpp"

namespace heed::kernels {

namespace {

/// Elements that one thread takes at a time, a multiple of 4.
constexpr int64_t piece = 4096;

template <class T>
loops::Drop<T> drop_of(const Dropping& how) {
  return {{how.seed, how.stream, how.block},
          static_cast<uint64_t>(std::ceil(how.p * 0x1p32)),
          static_cast<T>(1 / (1 - how.p))};
}

/// y, each of whose pieces `fill(loops, begin, n, out)` writes.
template <class Fill>
Array filled(const Array& y, Fill fill) {
  for_floating(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loops = loops::dropout_loops().of<T>();
    parallel_for(y.numel(), piece, [&](int64_t begin, int64_t end) {
      fill(loops, begin, end - begin, y.data<T>() + begin);
    });
  });
  return y;
}

Array like(const Array& x) { return Array::empty(x.shape(), x.dtype()); }

}  // namespace

Array dropout(const Array& x, const Dropping& how) {
  const Array in = x.contiguous();
  return filled(like(x), [&]<class T>(const auto& loops, int64_t begin, int64_t n, T* out) {
    loops.plain(drop_of<T>(how), begin, n, in.data<T>() + begin, out);
  });
}

Array dropout_relu(const Array& x, const Dropping& how) {
  const Array in = x.contiguous();
  return filled(like(x), [&]<class T>(const auto& loops, int64_t begin, int64_t n, T* out) {
    loops.relu(drop_of<T>(how), begin, n, in.data<T>() + begin, out);
  });
}

Array dropout_relu_gradient(const Array& g, const Array& y, double p) {
  const Array to = g.is_sole_owner() ? g : like(y), in = g.contiguous();
  return filled(to, [&]<class T>(const auto& loops, int64_t begin, int64_t n, T* out) {
    const auto factor = static_cast<T>(1 / (1 - p));
    loops.relu_gradient(factor, n, in.data<T>() + begin, y.data<T>() + begin, out);
  });
}

Array add_dropout(const Array& x, const Array& y, const Dropping& how) {
  const Array first = x.contiguous(), second = y.contiguous();
  return filled(like(x), [&]<class T>(const auto& loops, int64_t begin, int64_t n, T* out) {
    loops.add(drop_of<T>(how), begin, n, first.data<T>() + begin, second.data<T>() + begin, out);
  });
}

}  // namespace heed::kernels
