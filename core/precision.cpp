#include "precision.hpp"

#include <atomic>

#include "bfloat16.hpp"
#include "cpu.hpp"
#include "error.hpp"
#include "onednn.hpp"

namespace heed {

constinit thread_local Precision product_precision = Precision::single;

const char* to_string(Precision precision) {
  return precision == Precision::bfloat16 ? "bfloat16" : "float32";
}

void check_precision(Precision wanted) {
  if (wanted == Precision::single) return;
  const Bfloat16Product product = bfloat16_product();
  if (product == onednn::multiply_bfloat16) {
    const std::string missing =
        missing_for_bfloat16(has_bfloat16(), onednn::is_there(), onednn::is_fast());
    if (!missing.empty()) {
      throw ConfigError("precision: bfloat16 needs " + missing + "; use float32");
    }
  }
  static std::atomic<Bfloat16Product> tested{nullptr};
  if (tested.load(std::memory_order_relaxed) == product) return;
  test_product(product);
  tested.store(product, std::memory_order_relaxed);
}

}  // namespace heed
