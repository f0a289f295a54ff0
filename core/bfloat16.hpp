#pragma once

#include <cstdint>
#include <string>

#include "blas.hpp"

/// Products in bfloat16, and who computes them.
namespace heed {

/// The upper half of a float32's bits.
using Bfloat16 = uint16_t;

/// Computes a product on the calling thread whose operands `a` and `b` are stored in bfloat16, its
/// result `c` in float32 (`dtype`), with sums in float32. All extents are at least 1.
using Bfloat16Product = void (*)(const Gemm& product);

/// The one that `ProductPrecision(Precision::bfloat16)` stands for: oneDNN's, unless a test has put
/// another in its place.
Bfloat16Product bfloat16_product();

/// What a machine lacks for oneDNN's, as the end of "needs ..."; empty if nothing.
std::string missing_for_bfloat16(bool has_instructions, bool has_library, bool library_uses_them);

/// The same product by BLAS, from the operands as float32.
void emulated_product(const Gemm& product);

/// `NumericError` unless `product` agrees with plain sums, for every layout of its operands.
void test_product(Bfloat16Product product);

/// For tests: while one lives, products in bfloat16 are computed by `product`, on any processor.
class ReplacedProduct {
 public:
  explicit ReplacedProduct(Bfloat16Product product);
  ~ReplacedProduct();
  ReplacedProduct(const ReplacedProduct&) = delete;
  ReplacedProduct& operator=(const ReplacedProduct&) = delete;

 private:
  Bfloat16Product before_;
};

}  // namespace heed
