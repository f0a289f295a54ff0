#include "initializers.hpp"

#include <algorithm>
#include <cmath>

#include "../core/error.hpp"
#include "../core/kernels/kernels.hpp"
#include "check.hpp"

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

/// gain / sqrt(fan), the standard deviation of He et al. 2015.
double kaiming_deviation(const char* name, const Tensor& weight, double slope, Fan mode, Gain of) {
  const Fans fan = fans(name, weight);
  return calculate_gain(of, slope) / std::sqrt(mode == Fan::in ? fan.in : fan.out);
}

/// The probability of a standard normal number below z.
double below(double z) { return std::erfc(-z / std::sqrt(2.0)) / 2; }

/// c[0] x^(N-1) + ... + c[N-1].
template <std::size_t N>
double polynomial(const double (&c)[N], double x) {
  double y = 0;
  for (const double coefficient : c) y = y * x + coefficient;
  return y;
}

/// The z with below(z) = p, p in (0, 1), to 1.2e-9 of itself: the rational functions of Acklam,
/// "An algorithm for computing the inverse normal cumulative distribution function", 2003.
double quantile(double p) {
  constexpr double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                          1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,  -1.556989798598866e+02,
                          6.680131188771972e+01,  -1.328068155288572e+01, 1};
  constexpr double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                          -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                          3.754408661907416e+00, 1};
  constexpr double tail = 0.02425;
  if (p > 1 - tail) return -quantile(1 - p);
  if (p < tail) {
    const double q = std::sqrt(-2 * std::log(p));
    return polynomial(c, q) / polynomial(d, q);
  }
  const double q = p - 0.5, r = q * q;
  return q * polynomial(a, r) / polynomial(b, r);
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
  normal(weight, 0, standard_deviation);
}

void normal(const Tensor& weight, double mean, double standard_deviation) {
  if (ShapesOnly::active()) return;
  const Array unit = Tensor::randn(weight.shape(), weight.dtype()).array();
  write(weight, kernels::add(kernels::mul(unit, standard_deviation), mean));
}

void trunc_normal(const Tensor& weight, double mean, double standard_deviation, double low,
                  double high) {
  require_floating("init::trunc_normal", "the weight", weight);
  if (!(low < high) || !(standard_deviation > 0)) {
    throw ConfigError("init::trunc_normal: the bounds are " + std::to_string(low) + " and " +
                      std::to_string(high) + ", the standard deviation " +
                      std::to_string(standard_deviation) + "; expected low < high and one above 0");
  }
  if (ShapesOnly::active()) return;
  // The inverse of the distribution function, of a uniform number. Probabilities are exact near 0
  // alone, so that an interval above the mean is drawn as its mirror image.
  const bool mirrored = low > mean;
  const double sign = mirrored ? -1 : 1;
  const double first = below((mirrored ? mean - high : low - mean) / standard_deviation);
  const double last = below((mirrored ? mean - low : high - mean) / standard_deviation);
  auto values = Tensor::rand(weight.shape(), float64).to_vector<double>();
  for (double& value : values) {
    const double p = std::clamp(first + value * (last - first), 1e-300, 1 - 1e-16);
    value = std::clamp(mean + sign * standard_deviation * quantile(p), low, high);
  }
  write(weight, Array::from(values, weight.shape()).to(weight.dtype()));
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

double calculate_gain(Gain of, double slope) {
  switch (of) {
    case Gain::tanh:
      return 5.0 / 3;
    case Gain::relu:
      return std::sqrt(2.0);
    case Gain::leaky_relu:
      return std::sqrt(2 / (1 + slope * slope));
    case Gain::linear:
    case Gain::sigmoid:
      break;
  }
  return 1;
}

void kaiming_uniform(const Tensor& weight, double slope, Fan fan, Gain of) {
  const double bound =
      std::sqrt(3.0) * kaiming_deviation("kaiming_uniform", weight, slope, fan, of);
  uniform(weight, -bound, bound);
}

void kaiming_normal(const Tensor& weight, double slope, Fan fan, Gain of) {
  normal(weight, kaiming_deviation("kaiming_normal", weight, slope, fan, of));
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
