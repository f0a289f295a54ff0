#include "cpu.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

bool detected_bfloat16() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & (1u << 5))) return true;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(edx & (1u << 22))) return false;
  // Tiles need the system's consent too: bits 17 and 18 of what it saves of a thread. That the
  // system can be asked is implied by avx512.
  unsigned saved = 0, above = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(above) : "c"(0));
  return (saved & (3u << 17)) == (3u << 17);
#else
  return false;
#endif
}

}  // namespace

Isa active_isa() {
  static const Isa isa = lowered(detected_isa(), std::getenv("HEED_ISA"));
  return isa;
}

bool has_bfloat16() {
  static const bool detected = active_isa() == Isa::avx512 && detected_bfloat16();
  return detected;
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
