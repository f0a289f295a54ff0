#include "initializers.hpp"

#include <cmath>

#include "../core/error.hpp"
#include "../core/kernels/kernels.hpp"

namespace heed {

namespace {
thread_local bool shapes_only = false;
}

ShapesOnly::ShapesOnly() : before_(shapes_only) { shapes_only = true; }
ShapesOnly::~ShapesOnly() { shapes_only = before_; }
bool ShapesOnly::active() { return shapes_only; }

}  // namespace heed

namespace heed::init {

namespace {

void write(const Tensor& weight, const Array& values) {
  kernels::copy_into(weight.array(), values);
  weight.array().bump_version();
}

struct Fans {
  double in, out;
};

Fans fans(const char* name, const Tensor& weight) {
  if (weight.rank() < 2 || weight.numel() == 0) {
    throw ShapeError(std::string("init::") + name + ": a weight " + to_string(weight.shape()) +
                     " has no fan-in and fan-out; it needs at least two axes, none empty");
  }
  const auto count = static_cast<double>(weight.numel());
  return {count / static_cast<double>(weight.size(0)), count / static_cast<double>(weight.size(1))};
}

/// Makes the rows of the `rows` x `columns` matrix orthonormal, rows <= columns, by modified
/// Gram-Schmidt, twice for each row (Kahan's "twice is enough"). Of normal rows it leaves a
/// uniformly random frame.
void orthonormalize(std::vector<double>& matrix, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; ++i) {
    double* row = matrix.data() + i * columns;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < i; ++j) {
        const double* other = matrix.data() + j * columns;
        double product = 0;
        for (int64_t k = 0; k < columns; ++k) product += row[k] * other[k];
        for (int64_t k = 0; k < columns; ++k) row[k] -= product * other[k];
      }
    }
    double norm = 0;
    for (int64_t k = 0; k < columns; ++k) norm += row[k] * row[k];
    for (int64_t k = 0; k < columns; ++k) row[k] /= std::sqrt(norm);
  }
}

}  // namespace

Tensor empty(const Shape& shape) {
  if (!ShapesOnly::active()) return Tensor::empty(shape);
  return Tensor(Array::zeros({}).expand(shape));  // one number that stands for all
}

void constant(const Tensor& weight, double value) {
  if (ShapesOnly::active()) return;
  kernels::fill(weight.array(), value);
  weight.array().bump_version();
}

void zeros(const Tensor& weight) { constant(weight, 0); }

void uniform(const Tensor& weight, double low, double high) {
  if (ShapesOnly::active()) return;
  const Array unit = Tensor::rand(weight.shape(), weight.dtype()).array();
  write(weight, kernels::add(kernels::mul(unit, high - low), low));
}

void normal(const Tensor& weight, double standard_deviation) {
  if (ShapesOnly::active()) return;
  const Array unit = Tensor::randn(weight.shape(), weight.dtype()).array();
  write(weight, kernels::mul(unit, standard_deviation));
}

void uniform_fan(const Tensor& weight, int64_t fan) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  uniform(weight, -bound, bound);
}

void xavier_uniform(const Tensor& weight, double gain) {
  const Fans fan = fans("xavier_uniform", weight);
  const double bound = gain * std::sqrt(6 / (fan.in + fan.out));
  uniform(weight, -bound, bound);
}

void xavier_normal(const Tensor& weight, double gain) {
  const Fans fan = fans("xavier_normal", weight);
  normal(weight, gain * std::sqrt(2 / (fan.in + fan.out)));
}

void orthogonal(const Tensor& weight, double gain) {
  if (weight.rank() != 2) {
    throw ShapeError("init::orthogonal: the weight is " + to_string(weight.shape()) +
                     ", expected a matrix");
  }
  if (ShapesOnly::active()) return;
  const bool tall = weight.size(0) > weight.size(1);
  const int64_t rows = tall ? weight.size(1) : weight.size(0);
  const int64_t columns = tall ? weight.size(0) : weight.size(1);
  auto matrix = Tensor::randn({rows, columns}, float64).to_vector<double>();
  orthonormalize(matrix, rows, columns);
  const Array frame = kernels::mul(Array::from(matrix, {rows, columns}), gain);
  write(weight, (tall ? frame.transpose(0, 1) : frame).to(weight.dtype()));
}

}  // namespace heed::init
