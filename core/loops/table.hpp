#pragma once

#include "../cpu.hpp"

/// Each file of core/loops is compiled once for each instruction set and defines one table of
/// function pointers, `NAME_baseline`, `NAME_avx2`, `NAME_avx512`. All else in such a file has
/// internal linkage: a weak symbol compiled for AVX-512 must not be the copy that the linker keeps.
/// So: anonymous namespaces, no standard library beyond <cstdint>, <cstddef>
/// and std::index_sequence, builtins for mathematics.
#define HEED_JOIN2(a, b) a##_##b
#define HEED_JOIN(a, b) HEED_JOIN2(a, b)
/// Inside a loops file: the table's name for the instruction set being compiled.
#define HEED_TABLE(name) HEED_JOIN(name, HEED_ISA)

/// Outside: declares the tables and `const Type& name()`, which picks the one for this processor.
#if defined(__x86_64__)
#define HEED_DECLARE_TABLE(Type, name)                                         \
  extern const Type name##_baseline, name##_avx2, name##_avx512;               \
  inline const Type& name() {                                                  \
    static const Type& chosen = active_isa() == Isa::avx512 ? name##_avx512    \
                                : active_isa() == Isa::avx2 ? name##_avx2      \
                                                            : name##_baseline; \
    return chosen;                                                             \
  }
#else
#define HEED_DECLARE_TABLE(Type, name) \
  extern const Type name##_baseline;   \
  inline const Type& name() { return name##_baseline; }
#endif

namespace heed::loops {

/// A struct of function pointers for each of the floating types.
template <template <class> class Loops>
struct FloatingLoops {
  Loops<float> of_float;
  Loops<double> of_double;

  template <class T>
  const Loops<T>& of() const {
    if constexpr (sizeof(T) == sizeof(float)) {
      return of_float;
    } else {
      return of_double;
    }
  }
};

}  // namespace heed::loops
