#include "precision.hpp"

#include <atomic>

#include "bfloat16.hpp"
#include "cpu.hpp"
#include "error.hpp"
#include "onednn.hpp"

namespace heed {

constinit thread_local Precision product_precision = Precision::single;

namespace {

/// Null: oneDNN's.
std::atomic<Bfloat16Product> replaced{nullptr};

}  // namespace

const char* to_string(Precision precision) {
  return precision == Precision::bfloat16 ? "bfloat16" : "float32";
}

std::string missing_for_bfloat16(bool has_instructions, bool has_library, bool library_uses_them) {
  std::string missing;
  if (!has_instructions)
    missing = "a processor with AVX512_BF16 or AMX-BF16 (this one has neither)";
  if (!has_library) {
    missing += std::string(missing.empty() ? "" : " and ") +
               "a heed that is built with oneDNN (this one is not; on Debian: libdnnl-dev)";
  } else if (has_instructions && !library_uses_them) {
    missing =
        "a oneDNN that takes its threads from OpenMP or its caller and uses the processor's "
        "bfloat16 instructions (this one does not; is ONEDNN_MAX_CPU_ISA set?)";
  }
  return missing;
}

void check_precision(Precision wanted) {
  if (wanted == Precision::single) return;
  if (!replaced) {
    const std::string missing =
        missing_for_bfloat16(has_bfloat16(), onednn::is_there(), onednn::is_fast());
    if (!missing.empty()) {
      throw ConfigError("precision: bfloat16 needs " + missing + "; expected float32");
    }
  }
  static std::atomic<Bfloat16Product> tested{nullptr};
  const Bfloat16Product product = bfloat16_product();
  if (tested.load(std::memory_order_relaxed) == product) return;
  test_product(product);
  tested.store(product, std::memory_order_relaxed);
}

Bfloat16Product bfloat16_product() {
  const Bfloat16Product other = replaced.load(std::memory_order_relaxed);
  return other ? other : onednn::multiply_bfloat16;
}

ReplacedProduct::ReplacedProduct(Bfloat16Product product) : before_(replaced.exchange(product)) {}
ReplacedProduct::~ReplacedProduct() { replaced = before_; }

}  // namespace heed
