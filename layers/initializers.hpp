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
/// Normal with mean 0.
void normal(const Tensor& weight, double standard_deviation);
/// Uniform in +-1/sqrt(fan): PyTorch's start for Linear (fan = inputs) and GRU (fan = hidden).
void uniform_fan(const Tensor& weight, int64_t fan);
/// Uniform in +-gain sqrt(6 / (fan-in + fan-out)). Glorot and Bengio 2010.
void xavier_uniform(const Tensor& weight, double gain = 1);
/// Normal with standard deviation gain sqrt(2 / (fan-in + fan-out)).
void xavier_normal(const Tensor& weight, double gain = 1);
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

struct Linear;
struct Embedding;
struct RecurrentCell;
struct RecurrentLayers;
class ModuleView;
}  // namespace heed

/// The start of RNNsearch, Bahdanau et al. 2014, appendix B.1: recurrent matrices random orthogonal
/// (each gate's square), W_a and U_a of the attention normal with standard deviation 0.001, V_a and
/// biases zero, every other weight normal with standard deviation 0.01.
namespace heed::init::bahdanau2014 {

void initialize(const Linear& layer);
/// The row of the padding stays zero.
void initialize(const Embedding& layer);
void initialize(const RecurrentCell& cell);
void initialize(const RecurrentLayers& layers);
/// Every weight of an attention, whatever its score: normal with standard deviation 0.001, those
/// named energy zero.
void initialize_alignment(const ModuleView& attention);

}  // namespace heed::init::bahdanau2014
