#include "floor.hpp"

#include <algorithm>

#include "../../core/blas.hpp"
#include "../../core/kernels/products.hpp"
#include "../../core/parallel.hpp"
#include "../../core/precision.hpp"
#include "measurement.hpp"

namespace heed::tools {

namespace {

/// Numbers that every operand is cut from.
class Operands {
 public:
  explicit Operands(const std::vector<Product>& products) {
    int64_t a = 0, b = 0, c = 0;
    for (const Product& p : products) {
      a = std::max(a, p.m * p.k);
      b = std::max(b, p.k * p.n);
      c = std::max(c, p.m * p.n);
    }
    a_ = filled(a, 0.01);
    b_ = filled(b, 0.02);
    c_ = filled(c, 0);
  }

  void multiply(const Product& p) const {
    const Array a = stored(a_, p.m, p.k, p.transpose_a), b = stored(b_, p.k, p.n, p.transpose_b);
    kernels::matmul_into(stored(c_, p.m, p.n, false), a, b, p.accumulate);
  }

  void multiply_by_blas_threads(const Product& p) const {
    gemm_with_blas_threads(
        {float32, p.m, p.n, p.k, a_.raw(), p.transpose_a ? p.m : p.k, p.transpose_a, b_.raw(),
         p.transpose_b ? p.k : p.n, p.transpose_b, c_.raw(), p.n, p.accumulate},
        threads());
  }

 private:
  static Array filled(int64_t count, double value) { return Array::full({count}, value, float32); }
  /// [rows, columns] in the first elements of `numbers`.
  static Array stored(const Array& numbers, int64_t rows, int64_t columns, bool transposed) {
    const Shape strides = transposed ? Shape{1, rows} : Shape{columns, 1};
    return numbers.view_as({rows, columns}, strides, numbers.offset());
  }

  Array a_, b_, c_;
};

}  // namespace

double Products::milliseconds() const {
  if (profiles_steps()) return BenchRow::none;
  const Operands operands(all_);
  const StepTimes cut = time_steps([&] {
    for (const Product& product : all_) operands.multiply(product);
  });
  if (product_precision != Precision::single) return cut.min;  // BLAS has no other
  const StepTimes whole = time_steps([&] {
    for (const Product& product : all_) operands.multiply_by_blas_threads(product);
  });
  return std::min(cut.min, whole.min);
}

}  // namespace heed::tools
