#pragma once

#include "math.hpp"

/// What elementwise loops do to one element: `F::of(...)`. For files of core/loops alone.
namespace heed::loops {

namespace {

// int32 arithmetic runs on uint32_t: it wraps around, where a signed overflow is undefined.
using Integer = uint32_t;
using Mask = uint8_t;

struct Neg {
  template <class T>
  static T of(T x) {
    return 0 - x;
  }
  static float of(float x) { return -x; }
  static double of(double x) { return -x; }
};
struct Square {
  template <class T>
  static T of(T x) {
    return x * x;
  }
};
struct Abs {
  static float of(float x) { return __builtin_fabsf(x); }
  static double of(double x) { return __builtin_fabs(x); }
  static Integer of(Integer x) { return static_cast<int32_t>(x) < 0 ? 0 - x : x; }
};
struct Sqrt {
  static float of(float x) { return __builtin_sqrtf(x); }
  static double of(double x) { return __builtin_sqrt(x); }
};
struct Exp {
  template <class T>
  static T of(T x) {
    return exponential(x);
  }
};
struct Log {
  template <class T>
  static T of(T x) {
    return natural_log(x);
  }
};
struct Tanh {
  template <class T>
  static T of(T x) {
    return hyperbolic_tangent(x);
  }
};
struct Sigmoid {
  template <class T>
  static T of(T x) {
    return logistic(x);
  }
};
struct Gelu {
  template <class T>
  static T of(T x) {
    return x * normal_distribution(x).cumulative;
  }
};
struct Silu {
  template <class T>
  static T of(T x) {
    return x * logistic(x);
  }
};
struct Relu {
  template <class T>
  static T of(T x) {
    return x < 0 ? T(0) : x;  // -0 and NaN stay
  }
};
struct Sign {
  template <class T>
  static T of(T x) {
    return x > 0 ? T(1) : x < 0 ? T(-1) : x;  // 0 and NaN stay
  }
};

struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Sub {
  template <class T>
  static T of(T a, T b) {
    return a - b;
  }
};
struct Mul {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct Div {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};
struct Pow {
  static float of(float a, float b) { return __builtin_powf(a, b); }
  static double of(double a, double b) { return __builtin_pow(a, b); }
};
struct Minimum {
  template <class T>
  static T of(T a, T b) {
    return a < b || a != a ? a : b;  // NaN wins
  }
};
struct Maximum {
  template <class T>
  static T of(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct TanhBackward {
  template <class T>
  static T of(T g, T y) {
    return g * (1 - y * y);
  }
};
struct SigmoidBackward {
  template <class T>
  static T of(T g, T y) {
    return g * (y * (1 - y));
  }
};
struct GeluBackward {
  template <class T>
  static T of(T g, T x) {
    constexpr T density_at_0 = static_cast<T>(0x1.9884533d43651p-2);  // 1 / sqrt(2 pi)
    const Normal<T> normal = normal_distribution(x);
    return g * (normal.cumulative + x * (normal.power * density_at_0));
  }
};
struct SiluBackward {
  template <class T>
  static T of(T g, T x) {
    const T s = logistic(x);
    return g * (s * (1 + x * (1 - s)));
  }
};
struct ReluBackward {
  template <class T>
  static T of(T g, T y) {
    return y <= 0 ? T(0) : g;
  }
};

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
template <>
struct Convert<Mask> {
  template <class From>
  static Mask of(From x) {
    return x != 0;
  }
};

}  // namespace

}  // namespace heed::loops
