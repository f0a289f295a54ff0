#pragma once

#include "elementwise.hpp"
#include "math.hpp"

/// What elementwise loops do to one element: `F::of(...)`. For files of core/loops alone.
namespace heed::loops {

namespace {

// int32 arithmetic runs on uint32_t: it wraps around, where a signed overflow is undefined.
using Integer = uint32_t;
using Mask = uint8_t;

// What the rows call.

inline float magnitude(float x) { return __builtin_fabsf(x); }
inline double magnitude(double x) { return __builtin_fabs(x); }
inline Integer magnitude(Integer x) { return static_cast<int32_t>(x) < 0 ? 0 - x : x; }

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

inline float power(float a, float b) { return __builtin_powf(a, b); }
inline double power(double a, double b) { return __builtin_pow(a, b); }
/// A negative power is cut to a whole number: 0 but of 1 and -1.
inline Integer power(Integer a, Integer b) {
  constexpr Integer minus_one = ~Integer{0};
  if (static_cast<int32_t>(b) < 0 && a != 1 && a != minus_one) return 0;
  Integer y = 1;
  for (Integer rest = b; rest != 0; rest >>= 1, a *= a) y *= rest & 1 ? a : 1;
  return y;
}

template <class T>
inline bool less(T a, T b) {
  return a < b;
}
inline bool less(Integer a, Integer b) { return static_cast<int32_t>(a) < static_cast<int32_t>(b); }

inline float sine(float x) { return __builtin_sinf(x); }
inline double sine(double x) { return __builtin_sin(x); }
inline float cosine(float x) { return __builtin_cosf(x); }
inline double cosine(double x) { return __builtin_cos(x); }

/// -1, +0, 1; NaN stays.
template <class T>
inline T sign(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x + 0;
}
inline Integer sign(Integer x) {
  return static_cast<int32_t>(x) > 0 ? 1 : static_cast<int32_t>(x) >> 31;
}

// Halves go to the even neighbour.
inline float nearest_whole(float x) { return __builtin_rintf(x); }
inline double nearest_whole(double x) { return __builtin_rint(x); }
inline Integer nearest_whole(Integer x) { return x; }
inline float whole_below(float x) { return __builtin_floorf(x); }
inline double whole_below(double x) { return __builtin_floor(x); }
inline Integer whole_below(Integer x) { return x; }
inline float whole_above(float x) { return __builtin_ceilf(x); }
inline double whole_above(double x) { return __builtin_ceil(x); }
inline Integer whole_above(Integer x) { return x; }

/// The gradient of steps.
template <class T>
inline T nothing(T, T) {
  return 0;
}

/// F(x) + x F'(x), F the normal distribution.
template <class T>
inline T gelu_slope(T x) {
  constexpr T density_at_0 = static_cast<T>(0x1.9884533d43651p-2);  // 1 / sqrt(2 pi)
  const Normal<T> normal = normal_distribution(x);
  return normal.cumulative + x * (normal.power * density_at_0);
}

template <class T>
inline T silu_slope(T x) {
  const T s = logistic(x);
  return s * (1 + x * (1 - s));
}

// The rows as functions: of one operand, its gradient from g and what is kept, of two operands.

template <Unary>
struct Function;
template <Unary>
struct Backward;
template <Binary>
struct Function2;

#define HEED_FUNCTIONS(name, takes, cost, f, keeps, gradient) \
  template <>                                                 \
  struct Function<Unary::name> {                              \
    template <class T>                                        \
    static T of(T x) {                                        \
      return f;                                               \
    }                                                         \
  };                                                          \
  template <>                                                 \
  struct Backward<Unary::name> {                              \
    template <class T>                                        \
    static T of(T g, T keeps) {                               \
      return gradient;                                        \
    }                                                         \
  };
HEED_UNARY_ROWS(HEED_FUNCTIONS)
#undef HEED_FUNCTIONS

#define HEED_FUNCTION(name, takes, cost, f) \
  template <>                               \
  struct Function2<Binary::name> {          \
    template <class T>                      \
    static T of(T a, T b) {                 \
      return f;                             \
    }                                       \
  };
HEED_BINARY_ROWS(HEED_FUNCTION)
#undef HEED_FUNCTION

struct Product {
  template <class T>
  static T of(T a, T b, T factor) {
    return a * b * factor;
  }
};
struct Clamp {
  template <class T>
  static T of(T x, T low, T high) {
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
};
struct Where {
  template <class T>
  static T of(Mask mask, T a, T b) {
    return mask ? a : b;
  }
};
struct Equal {
  template <class T>
  static Mask of(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  static Mask of(T a, T b) {
    return a != b;
  }
};
struct Less {
  template <class T>
  static Mask of(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  static Mask of(T a, T b) {
    return a <= b;
  }
};
struct And {
  static Mask of(Mask a, Mask b) { return static_cast<Mask>(a & b); }
};
struct Or {
  static Mask of(Mask a, Mask b) { return static_cast<Mask>(a | b); }
};
struct Not {
  static Mask of(Mask x) { return static_cast<Mask>(x ^ 1); }
};

template <class To>
struct Convert {
  template <class From>
  static To of(From x) {
    return static_cast<To>(x);
  }
};
/// What int32 can't hold, NaN with it, becomes the least number: C++ leaves that open, and the
/// processor does so.
template <>
struct Convert<int32_t> {
  template <class From>
  static int32_t of(From x) {
    constexpr From least = static_cast<From>(INT32_MIN);
    return x >= least && x < -least ? static_cast<int32_t>(x) : INT32_MIN;
  }
  static int32_t of(int32_t x) { return x; }
  static int32_t of(Mask x) { return x; }
};
template <>
struct Convert<Mask> {
  template <class From>
  static Mask of(From x) {
    return x != 0;
  }
};

}  // namespace

}  // namespace heed::loops
