#pragma once

#include <cstdint>

/// exp, tanh and sigmoid as branch-free polynomials that the compiler vectorises, at most 2 ulp
/// from the exact value, for files of core/loops alone. NaN propagates; exp overflows to inf and
/// underflows through denormals to 0; tanh(+-0) = +-0. The coefficients interpolate at Chebyshev
/// nodes.
namespace heed::loops {

namespace {

template <class T>
struct Constants;

template <>
struct Constants<float> {
  using Bits = int32_t;
  static constexpr int mantissa_bits = 23;
  static constexpr Bits exponent_bias = 127;
  /// Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits.
  static constexpr float rounder = 12582912.0f;
  /// Beyond these the exponential is 0 and inf.
  static constexpr float exp_low = -104.0f, exp_high = 89.0f;
  static constexpr float log2_e = 0x1.715476p+0f;
  /// log 2 in two parts; the high one is short, so that its product with the exponent is exact.
  static constexpr float log_2_high = 0x1.62e4p-1f, log_2_low = 0x1.7f7d1cp-20f;
  /// (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2.
  static constexpr float exp_terms[] = {0x1.000000p-1f, 0x1.555556p-3f,  0x1.5554e4p-5f,
                                        0x1.1110e0p-7f, 0x1.6d4920p-10f, 0x1.a12a42p-13f};
  /// (tanh(x) - x) / x^3 in powers of x^2, for |x| <= tanh_small.
  static constexpr float tanh_terms[] = {-0x1.555556p-2f, 0x1.1110eap-3f,  -0x1.ba08c4p-5f,
                                         0x1.64a976p-6f,  -0x1.116a16p-7f, 0x1.2c83c0p-9f};
  static constexpr float tanh_small = 0.625f;
};

template <>
struct Constants<double> {
  using Bits = int64_t;
  static constexpr int mantissa_bits = 52;
  static constexpr Bits exponent_bias = 1023;
  static constexpr double rounder = 6755399441055744.0;
  static constexpr double exp_low = -746.0, exp_high = 710.0;
  static constexpr double log2_e = 0x1.71547652b82fep+0;
  static constexpr double log_2_high = 0x1.62e42fefap-1, log_2_low = 0x1.cf79abc9e3b3ap-40;
  static constexpr double exp_terms[] = {
      0x1.0000000000000p-1,  0x1.5555555555557p-3,  0x1.5555555555556p-5,  0x1.111111110ff87p-7,
      0x1.6c16c16c16212p-10, 0x1.a01a01aca0134p-13, 0x1.a01a01a741b3cp-16, 0x1.71ddffef9e7b1p-19,
      0x1.27e4da1a3bf04p-22, 0x1.af52906239de4p-26, 0x1.1f75aba0b1e2ep-29};
  static constexpr double tanh_terms[] = {
      -0x1.5555555555555p-2,  0x1.11111111110a8p-3,  -0x1.ba1ba1ba0f126p-5,  0x1.664f487e0a749p-6,
      -0x1.226e3473dce5cp-7,  0x1.d6d39ae3905e2p-9,  -0x1.7d9f6f23e8682p-10, 0x1.3526e9ed54da1p-11,
      -0x1.f243823c8c981p-13, 0x1.8445870f6fe41p-14, -0x1.05bbdae896297p-15, 0x1.b33642a122cddp-18};
  static constexpr double tanh_small = 0.625;
};

/// c[0] + c[1] x + c[2] x^2 + ...
template <class T, int count>
inline T polynomial(T x, const T (&c)[count]) {
  T sum = c[count - 1];
  for (int i = count - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// 2^n as long as it is a normal number.
template <class T>
inline T power_of_two(typename Constants<T>::Bits n) {
  using C = Constants<T>;
  return __builtin_bit_cast(T, (n + C::exponent_bias) << C::mantissa_bits);
}

/// A number in two parts, what rounding cost in the second.
template <class T>
struct Split {
  T high, low;
};

/// exp(x) = 2^n exp(r), n = round(x / log 2), r = x - n log 2.
template <class T>
inline Split<T> split_exponential(T x) {
  using C = Constants<T>;
  using Bits = typename C::Bits;
  x = x < C::exp_low ? C::exp_low : x;
  x = x > C::exp_high ? C::exp_high : x;
  const T rounded = x * C::log2_e + C::rounder;
  const T n = rounded - C::rounder;
  const Bits exponent = __builtin_bit_cast(Bits, rounded) - __builtin_bit_cast(Bits, C::rounder);
  const T r = (x - n * C::log_2_high) - n * C::log_2_low;
  const T rest = r + r * r * polynomial(r, C::exp_terms);
  const T y = 1 + rest, lost = rest - (y - 1);
  // In two steps, since 2^n itself may overflow or be a denormal where the result is not.
  const Bits half = exponent >> 1;
  const T first = power_of_two<T>(half), second = power_of_two<T>(exponent - half);
  return {y * first * second, lost * first * second};
}

template <class T>
inline T exponential(T x) {
  return split_exponential(x).high;
}

template <class T>
inline T absolute(T x) {
  return x < 0 ? -x : x;
}
inline float with_sign_of(float magnitude, float sign) {
  return __builtin_copysignf(magnitude, sign);
}
inline double with_sign_of(double magnitude, double sign) {
  return __builtin_copysign(magnitude, sign);
}

/// Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2 |x|) + 1).
template <class T>
inline T hyperbolic_tangent(T x) {
  using C = Constants<T>;
  const T magnitude = absolute(x), square = x * x;
  const T small = magnitude + magnitude * (square * polynomial(square, C::tanh_terms));
  const T large = 1 - 2 / (exponential(2 * magnitude) + 1);
  return with_sign_of(magnitude < C::tanh_small ? small : large, x);
}

/// 1 / (1 + exp(-x)), through e = exp(-|x|), which never overflows: 1 / (1 + e), or e / (1 + e) for
/// x < 0. The quotient is corrected for what e and 1 + e lost in rounding.
template <class T>
inline T logistic(T x) {
  const Split<T> e = split_exponential(-absolute(x));
  const T sum = 1 + e.high, lost = (e.high - (sum - 1)) + e.low;
  const bool negative = x < 0;
  const T y = (negative ? e.high : T(1)) / sum;
  const T reciprocal = negative ? 1 - y : y;  // of the sum
  return y + ((negative ? e.low : T(0)) - y * lost) * reciprocal;
}

}  // namespace

}  // namespace heed::loops
