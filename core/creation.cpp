#include "creation.hpp"

#include <cmath>
#include <string>

#include "broadcast.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/random.hpp"
#include "random.hpp"

namespace heed {

namespace {

/// A number for elements of a type that the caller names.
void check_wanted(const char* operation, DType dtype, double number) {
  check_number(operation, dtype, number, {"ask for elements of ", ""});
}

}  // namespace

Tensor Tensor::scalar(double value, DType dtype) {
  check_wanted("scalar", dtype, value);
  return Tensor(Array::full({}, value, dtype));
}
Tensor Tensor::empty(const Shape& shape, DType dtype) { return Tensor(Array::empty(shape, dtype)); }
Tensor Tensor::zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor Tensor::ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  check_wanted("full", dtype, value);
  return Tensor(Array::full(shape, value, dtype));
}
Tensor Tensor::of(std::initializer_list<double> values, const Shape& shape, DType dtype) {
  for (const double value : values) check_wanted("of", dtype, value);
  return Tensor(Array::from(std::vector<double>(values), shape).to(dtype));
}

Tensor Tensor::eye(int64_t n, DType dtype) {
  const Array matrix = Array::zeros({n, n}, dtype);
  kernels::fill(matrix.view_as({n}, {n + 1}, 0), 1);
  return Tensor(matrix);
}

Tensor Tensor::arange(int64_t n, DType dtype) {
  if (n > 0) check_wanted("arange", dtype, static_cast<double>(n - 1));
  return Tensor(Array::arange(n, dtype));
}

namespace {

/// `value(i)` for i = 0, ..., n - 1, computed in double.
template <class F>
Tensor computed(int64_t n, DType dtype, F value) {
  const Array y = Array::empty({n}, float64);
  auto* numbers = y.data<double>();
  for (int64_t i = 0; i < n; ++i) numbers[i] = value(i);
  return Tensor(y.to(dtype));
}

}  // namespace

Tensor Tensor::arange(double start, double end, double step, DType dtype) {
  const double count = std::ceil((end - start) / step);
  if (!std::isfinite(count) || count < 0 || count > 0x1p53) {
    throw ConfigError("arange: steps of " + shortest(step) + " do not lead from " +
                      shortest(start) + " to " + shortest(end));
  }
  const auto n = static_cast<int64_t>(count);
  for (const double number : {start, step, start + (count - 1) * step}) {
    if (n > 0) check_wanted("arange", dtype, number);
  }
  return computed(n, dtype, [=](int64_t i) { return start + static_cast<double>(i) * step; });
}

// The second half is counted from the end, which is met exactly.
Tensor Tensor::linspace(double start, double end, int64_t steps, DType dtype) {
  check_floating("linspace", dtype);
  if (steps < 0) {
    throw ConfigError("linspace: " + std::to_string(steps) + " steps, must be at least 0");
  }
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  return computed(steps, dtype, [=](int64_t i) {
    if (i < steps - steps / 2) return start + static_cast<double>(i) * step;
    return end - static_cast<double>(steps - 1 - i) * step;
  });
}

namespace {

using Draw = Array (*)(const Shape&, DType, uint64_t, uint64_t, uint64_t);
Tensor drawn(const char* operation, const Shape& shape, DType dtype, Draw draw) {
  check_floating(operation, dtype);
  Generator& generator = default_generator();
  const uint64_t block = generator.reserve(kernels::random_blocks(element_count(shape), dtype));
  return Tensor(draw(shape, dtype, generator.seed(), generator.stream(), block));
}

}  // namespace

Tensor Tensor::rand(const Shape& shape, DType dtype) {
  return drawn("rand", shape, dtype, kernels::uniform);
}
Tensor Tensor::randn(const Shape& shape, DType dtype) {
  return drawn("randn", shape, dtype, kernels::normal);
}

Tensor Tensor::randint(int64_t low, int64_t high, const Shape& shape) {
  const int64_t least = INT32_MIN, most = INT32_MAX;
  if (low >= high || low < least || high - 1 > most) {
    throw ConfigError("randint: [" + std::to_string(low) + ", " + std::to_string(high) + ") is " +
                      (low >= high ? "empty; low must be below high" : "more than int32 holds"));
  }
  const Array y = Array::empty(shape, int32);
  auto* numbers = y.data<int32_t>();
  for (int64_t i = 0; i < y.numel(); ++i) {
    const uint64_t above = default_generator().below(static_cast<uint64_t>(high - low));
    numbers[i] = static_cast<int32_t>(low + static_cast<int64_t>(above));
  }
  return Tensor(y);
}

Tensor Tensor::randperm(int64_t n) {
  if (n < 0 || n > INT32_MAX) {
    throw ConfigError("randperm: n is " + std::to_string(n) + ", must be in [0, 2147483647]");
  }
  const Array y = Array::arange(n, int32);
  shuffle(y.data<int32_t>(), n, default_generator());
  return Tensor(y);
}

Tensor empty_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::empty(x.shape(), dtype.value_or(x.dtype()));
}
Tensor zeros_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::zeros(x.shape(), dtype.value_or(x.dtype()));
}
Tensor ones_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::ones(x.shape(), dtype.value_or(x.dtype()));
}
Tensor full_like(const Tensor& x, double value, std::optional<DType> dtype) {
  return Tensor::full(x.shape(), value, dtype.value_or(x.dtype()));
}
Tensor rand_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::rand(x.shape(), dtype.value_or(x.dtype()));
}
Tensor randn_like(const Tensor& x, std::optional<DType> dtype) {
  return Tensor::randn(x.shape(), dtype.value_or(x.dtype()));
}

}  // namespace heed
