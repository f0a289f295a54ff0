#include "cpu.hpp"

#include <cstdlib>
#include <string_view>

namespace heed {

namespace {

Isa detected_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx2) return avx512 ? Isa::avx512 : Isa::avx2;
#endif
  return Isa::baseline;
}

/// The wish only lowers: an instruction that the processor lacks would end the program.
Isa lowered(Isa isa, const char* wish) {
  if (!wish) return isa;
  const std::string_view name = wish;
  if (name == "baseline") return Isa::baseline;
  if (name == "avx2" && isa == Isa::avx512) return Isa::avx2;
  return isa;
}

}  // namespace

Isa active_isa() {
  static const Isa isa = lowered(detected_isa(), std::getenv("HEED_ISA"));
  return isa;
}

const char* to_string(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    case Isa::baseline:
      break;
  }
  return "baseline";
}

}  // namespace heed
