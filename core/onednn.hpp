#pragma once

#include "blas.hpp"

/// oneDNN, where heed is built with it.
namespace heed::onednn {

/// Is heed built with it?
bool is_there();
/// Does it run on the threads that call it, and use this processor's instructions for bfloat16?
bool is_fast();

/// What the operands of a product are stored in; its result is in float32.
enum class Operands { float32, bfloat16 };

/// Computes the product on the calling thread. Any processor multiplies float32: by that tests see
/// that oneDNN is called as it should be. `Error` where oneDNN can't.
void multiply(const Gemm& product, Operands operands);
/// The same of bfloat16, as a `Bfloat16Product`.
void multiply_bfloat16(const Gemm& product);
/// The name of what oneDNN computes the product by, as `brg:avx512_core_amx_bf16`.
const char* implementation(const Gemm& product, Operands operands);

}  // namespace heed::onednn
