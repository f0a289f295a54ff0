#pragma once

#include "../core/tensor.hpp"

/// First values of weights, drawn from `default_generator()` and written in place. A weight is
/// [out, in] as in Linear; fan-in is the product of all sizes but the first, fan-out that of all
/// but the second. As torch.nn.init.
namespace heed::init {

/// A weight without values yet, float32; while a `ShapesOnly` lives without memory for them.
Tensor empty(const Shape& shape);
void constant(const Tensor& weight, double value);
void zeros(const Tensor& weight);
/// Uniform in [low, high).
void uniform(const Tensor& weight, double low, double high);
/// Normal with mean 0, or with another.
void normal(const Tensor& weight, double standard_deviation);
void normal(const Tensor& weight, double mean, double standard_deviation);
/// Normal, cut to [low, high]: bounds of the numbers themselves, whatever the deviation is.
/// `ConfigError` unless low < high and the deviation is above 0. As torch.nn.init.trunc_normal_.
void trunc_normal(const Tensor& weight, double mean = 0, double standard_deviation = 1,
                  double low = -2, double high = 2);
/// Uniform in +-1/sqrt(fan): PyTorch's start for Linear (fan = inputs) and GRU (fan = hidden).
void uniform_fan(const Tensor& weight, int64_t fan);
/// Uniform in +-gain sqrt(6 / (fan-in + fan-out)). Glorot and Bengio 2010.
void xavier_uniform(const Tensor& weight, double gain = 1);
/// Normal with standard deviation gain sqrt(2 / (fan-in + fan-out)).
void xavier_normal(const Tensor& weight, double gain = 1);
/// A function whose results a gain brings back to the spread of its inputs.
enum class Gain { linear, sigmoid, tanh, relu, leaky_relu };
/// 1, 1, 5/3, sqrt(2), sqrt(2 / (1 + slope^2)). As torch.nn.init.calculate_gain.
double calculate_gain(Gain of, double slope = 0.01);
/// The spread that is kept: of the numbers on the way forward, of the gradients backward.
enum class Fan { in, out };
/// Uniform in +-gain sqrt(3 / fan), gain = calculate_gain(of, slope); as it stands that of
/// relu, sqrt(2). He et al. 2015, section 2.2. As torch.nn.init.kaiming_uniform_.
void kaiming_uniform(const Tensor& weight, double slope = 0, Fan fan = Fan::in,
                     Gain of = Gain::leaky_relu);
/// Normal with standard deviation gain / sqrt(fan).
void kaiming_normal(const Tensor& weight, double slope = 0, Fan fan = Fan::in,
                    Gain of = Gain::leaky_relu);
/// Random orthonormal rows or columns, whichever are fewer, uniform over all such matrices. [M, N].
/// Saxe, McClelland and Ganguli 2014.
void orthogonal(const Tensor& weight, double gain = 1);

}  // namespace heed::init

namespace heed {

/// While one lives, the weights that this thread makes have shapes but no numbers, and initialisers
/// draw and write nothing: a module whose names and shapes are compared with a file before it costs
/// memory. Nothing can be computed with it.
class ShapesOnly {
 public:
  ShapesOnly();
  ~ShapesOnly();
  ShapesOnly(const ShapesOnly&) = delete;
  ShapesOnly& operator=(const ShapesOnly&) = delete;
  static bool active();

 private:
  bool before_;
};

}  // namespace heed
