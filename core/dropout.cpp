#include "dropout.hpp"

#include "broadcast.hpp"
#include "kernels/random.hpp"
#include "record.hpp"

namespace heed {

// y_i = x_i k_i / (1 - p), k_i in {0, 1};  dL/dx_i = g_i k_i / (1 - p)
Tensor dropout(const Tensor& x, double p) {
  check_floating("dropout", x);
  if (!(p >= 0 && p < 1)) {
    throw ConfigError("dropout: p must be in [0, 1), got " + std::to_string(p));
  }
  if (p == 0) return x;
  Generator& generator = default_generator();
  const uint64_t block = generator.reserve(kernels::random_blocks(x.numel(), float32));
  const uint64_t seed = generator.seed(), stream = generator.stream();
  return record(
      "dropout", kernels::dropout(x.array(), p, seed, stream, block),
      wrt(x, [=](const Array& g) { return kernels::dropout(g, p, seed, stream, block); }));
}

}  // namespace heed
