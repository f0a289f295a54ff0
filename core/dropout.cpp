#include "dropout.hpp"

#include "broadcast.hpp"
#include "kernels/dropout.hpp"
#include "kernels/random.hpp"
#include "operations.hpp"
#include "record.hpp"

namespace heed {

namespace {

void check(const char* operation, const Tensor& x, double p) {
  check_floating(operation, x);
  if (p >= 0 && p < 1) return;
  throw ConfigError(std::string(operation) + ": p must be in [0, 1), got " + std::to_string(p));
}

/// The next words of the default generator, one for each element.
kernels::Dropping drawn_for(const Tensor& x, double p) {
  Generator& generator = default_generator();
  const uint64_t block = generator.reserve(kernels::random_blocks(x.numel(), float32));
  return {p, generator.seed(), generator.stream(), block};
}

}  // namespace

// y_i = x_i k_i / (1 - p), k_i in {0, 1};  dL/dx_i = g_i k_i / (1 - p)
Tensor dropout(const Tensor& x, double p) {
  check("dropout", x, p);
  if (p == 0) return x;
  const kernels::Dropping how = drawn_for(x, p);
  return record("dropout", kernels::dropout(x.array(), how),
                wrt(x, [how](const Array& g) { return kernels::dropout(g, how); }));
}

// y_i = max(0, x_i) k_i / (1 - p);  dL/dx_i = g_i / (1 - p) where y_i > 0, else 0
Tensor dropout_relu(const Tensor& x, double p) {
  check("dropout_relu", x, p);
  if (p == 0) return relu(x);
  const Array y = kernels::dropout_relu(x.array(), drawn_for(x, p));
  return record("dropout_relu", y, wrt(x, saved(y), [p](const Array& g, const Array& result) {
                  return kernels::dropout_relu_gradient(g, result, p);
                }));
}

// z_i = x_i + y_i k_i / (1 - p);  dL/dx = g, dL/dy_i = g_i k_i / (1 - p)
Tensor add_dropout(const Tensor& x, const Tensor& y, double p) {
  check("add_dropout", x, p);
  check_same_dtype("add_dropout", x, y, "x", "y");
  if (x.shape() != y.shape()) {
    throw ShapeError("add_dropout: needs one shape, got " + to_string(x.shape()) + " and " +
                     to_string(y.shape()));
  }
  if (p == 0) return x + y;
  const kernels::Dropping how = drawn_for(x, p);
  return record("add_dropout", kernels::add_dropout(x.array(), y.array(), how),
                wrt(x, [](const Array& g) { return g; }),
                wrt(y, [how](const Array& g) { return kernels::dropout(g, how); }));
}

}  // namespace heed
