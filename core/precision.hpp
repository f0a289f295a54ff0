#pragma once

#include <cstdint>
#include <utility>

namespace heed {

/// In what the matrix products of float32 tensors are computed; those of float64 tensors never
/// change. `single` is `float32` in config.json.
enum class Precision : uint8_t { single, bfloat16 };
const char* to_string(Precision precision);

/// `ConfigError` that names what is missing where this processor, or this build of heed, has no
/// fast products in that precision; `NumericError` where oneDNN computes wrong ones, which is tried
/// once. Nothing else ever falls back to slow ones.
void check_precision(Precision wanted);

/// This thread's, set by `ProductPrecision`.
extern constinit thread_local Precision product_precision;

/// While one lives, this thread multiplies matrices in `wanted`. In bfloat16 a large product of
/// float32 tensors takes both operands rounded to bfloat16 (8 bits of each fraction; to the
/// nearest, ties to even) and sums in float32. Small products, of few rows say, stay float32, and
/// so do attention's own loops and all else. A backward rule multiplies as its operation did,
/// wherever the backward pass runs. Throws as `check_precision`.
/// PyTorch: torch.set_float32_matmul_precision("medium").
class ProductPrecision {
 public:
  explicit ProductPrecision(Precision wanted) {
    if (wanted != product_precision && wanted != Precision::single) check_precision(wanted);
    before_ = std::exchange(product_precision, wanted);
  }
  ~ProductPrecision() { product_precision = before_; }
  ProductPrecision(const ProductPrecision&) = delete;
  ProductPrecision& operator=(const ProductPrecision&) = delete;

 private:
  Precision before_;
};

}  // namespace heed
