#include "random.hpp"

#include "../loops/random.hpp"
#include "../parallel.hpp"

namespace heed::kernels {

namespace {

using loops::PhiloxStart;

/// Elements that one thread takes at a time, a multiple of 4.
constexpr int64_t piece = 4096;

template <class T, class Loop>
Array generated(const Shape& shape, Loop loop, PhiloxStart start) {
  const Array y = Array::empty(shape, dtype_of<T>);
  T* out = y.data<T>();
  parallel_for(y.numel(), piece,
               [&](int64_t begin, int64_t end) { loop(start, begin, end - begin, out + begin); });
  return y;
}

}  // namespace

uint64_t random_blocks(int64_t count, DType dtype) {
  const int64_t words = dtype == float64 ? 2 * count : count;
  return static_cast<uint64_t>((words + 3) / 4);
}

Array uniform(const Shape& shape, DType dtype, uint64_t seed, uint64_t stream, uint64_t block) {
  const auto& table = loops::random_loops();
  const PhiloxStart start{seed, stream, block};
  return dtype == float64 ? generated<double>(shape, table.uniform_double, start)
                          : generated<float>(shape, table.uniform_float, start);
}

Array normal(const Shape& shape, DType dtype, uint64_t seed, uint64_t stream, uint64_t block) {
  const auto& table = loops::random_loops();
  const PhiloxStart start{seed, stream, block};
  return dtype == float64 ? generated<double>(shape, table.normal_double, start)
                          : generated<float>(shape, table.normal_float, start);
}

}  // namespace heed::kernels
