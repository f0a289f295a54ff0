#pragma once

#include <cstdint>
#include <vector>

namespace heed::tools {

/// Matrix products of one shape, op(a) [m, k] op(b) [k, n]; a transposed operand is stored as the
/// transpose of its role.
struct Product {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false, accumulate = false;
};

/// The matrix products of a step, in their order.
class Products {
 public:
  void add(const Product& product) { all_.push_back(product); }
  /// y = x W^T: x [rows, in], W [out, in].
  void linear_forward(int64_t rows, int64_t out, int64_t in, bool accumulate = false) {
    add({rows, out, in, false, true, accumulate});
  }
  /// dx = g W.
  void linear_to_input(int64_t rows, int64_t out, int64_t in, bool accumulate = false) {
    add({rows, in, out, false, false, accumulate});
  }
  /// dW += g^T x.
  void linear_to_weight(int64_t rows, int64_t out, int64_t in) {
    add({out, in, rows, true, false, true});
  }
  /// All three.
  void linear(int64_t rows, int64_t out, int64_t in) {
    linear_forward(rows, out, in);
    linear_to_input(rows, out, in);
    linear_to_weight(rows, out, in);
  }

  /// Milliseconds of the products alone, on memory that is warm: cut over heed's threads or given
  /// to OpenBLAS's own, whichever is faster; in this thread's precision. NaN where steps are
  /// profiled, not compared.
  double milliseconds() const;

 private:
  std::vector<Product> all_;
};

}  // namespace heed::tools
