#include "positions.hpp"

#include <cmath>

#include "../core/views.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

namespace {

constexpr int64_t table_rows = 512;

Array sinusoids(int64_t first, int64_t length, int64_t D) {
  std::vector<double> values(static_cast<std::size_t>(length * D));
  for (int64_t p = 0; p < length; ++p) {
    for (int64_t d = 0; d < D; ++d) {
      const double wavelength =
          std::pow(10000.0, static_cast<double>(d / 2 * 2) / static_cast<double>(D));
      const double angle = static_cast<double>(first + p) / wavelength;
      values[static_cast<std::size_t>(p * D + d)] = d % 2 == 0 ? std::sin(angle) : std::cos(angle);
    }
  }
  return Array::from(values, {length, D});
}

}  // namespace

SinusoidalPositions::SinusoidalPositions(int64_t D)
    : size_(positive("SinusoidalPositions", "D", D)),
      table_(ShapesOnly::active() ? Array() : sinusoids(0, table_rows, D)) {}

Tensor SinusoidalPositions::operator()(int64_t first, int64_t length, DType dtype) const {
  const bool known = first + length <= table_rows;
  const Array rows =
      known ? table_.slice(0, first, first + length) : sinusoids(first, length, size_);
  return Tensor(rows.to(dtype));
}

LearnedPositions::LearnedPositions(int64_t max_length, int64_t D)
    : weight(init::empty({positive("LearnedPositions", "max_length", max_length),
                          positive("LearnedPositions", "D", D)})) {
  init::normal(weight, 1 / std::sqrt(static_cast<double>(D)));
}

Tensor LearnedPositions::operator()(int64_t first, int64_t length) const {
  if (first + length > weight.size(0)) {
    throw DataError("positions: a text of " + std::to_string(first + length) +
                    " tokens (end symbol included), but the model has learned only " +
                    std::to_string(weight.size(0)) + " positions (max_length)");
  }
  return slice(weight, 0, first, first + length);
}

}  // namespace heed
