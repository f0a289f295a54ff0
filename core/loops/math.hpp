#pragma once

#include <cstdint>

/// exp, log, log1p, tanh and sigmoid as branch-free polynomials that the compiler vectorises, at
/// most 2 ulp from the exact value, and the normal distribution (4 ulp; float64: 8), for files of
/// core/loops alone. NaN propagates; exp overflows to inf and underflows through denormals to 0;
/// tanh(+-0) = +-0. The coefficients interpolate at Chebyshev nodes.
namespace heed::loops {

namespace {

template <class T>
struct Constants;

template <>
struct Constants<float> {
  using Bits = uint32_t;
  using Signed = int32_t;
  static constexpr int mantissa_bits = 23, sign_shift = 31;
  static constexpr Bits exponent_bias = 127;
  /// Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits.
  static constexpr float rounder = 12582912.0f;
  /// The logarithms of the smallest and the largest normal number, rounded inwards, and below the
  /// logarithm of half the smallest denormal one.
  static constexpr float exp_low = -0x1.5d589ep+6f, exp_high = 0x1.62e42ep+6f, exp_none = -104;
  /// -127 log 2, where 2^n underflows to 0; and where tanh(x / 2) has become 1.
  static constexpr float scale_low = -0x1.601e68p+6f, saturated = 44.0f;
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
  /// (log((1 + s) / (1 - s)) / s - 2) / s^2 in powers of s^2,
  /// for (1 + s) / (1 - s) within [sqrt(1/2), sqrt(2)].
  static constexpr float log_terms[] = {0x1.55555cp-1f, 0x1.997afap-2f, 0x1.2f1c70p-2f};
  static constexpr float sqrt_half = 0x1.6a09e6p-1f, smallest_normal = 0x1p-126f;
  /// exp(a^2 / 2) erfc(a / sqrt(2)) / 2w in powers of 2w - 1, w = 1 / (1 + tail_slope a), for
  /// 0 <= a <= tail_end, where 2^n underflows to 0.
  static constexpr float tail_terms[] = {0x1.217252p-2f,  0x1.6347d6p-3f,   0x1.b07ebep-5f,
                                         -0x1.e46a5ep-9f, -0x1.ad8d6ep-8f,  0x1.54cba8p-11f,
                                         0x1.07ec9cp-10f, -0x1.38b7eap-12f, -0x1.d62228p-14f,
                                         0x1.60b5b8p-14f, -0x1.ec4caap-17f};
  static constexpr float tail_slope = 0x1.99999ap-2f, tail_end = 13.25f;
  /// The leading bits of a number; their square is exact.
  static constexpr Bits leading_half = 0xfffff000;
};

template <>
struct Constants<double> {
  using Bits = uint64_t;
  using Signed = int64_t;
  static constexpr int mantissa_bits = 52, sign_shift = 63;
  static constexpr Bits exponent_bias = 1023;
  static constexpr double rounder = 6755399441055744.0;
  static constexpr double exp_low = -0x1.6232bdd7abcd2p+9, exp_high = 0x1.62e42fefa39efp+9,
                          exp_none = -746;
  static constexpr double scale_low = -0x1.628b76e3a7b61p+9, saturated = 44.0;
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
  static constexpr double log_terms[] = {
      0x1.5555555555558p-1, 0x1.99999999949d0p-2, 0x1.2492492eefe17p-2, 0x1.c71c61a40ddfbp-3,
      0x1.74630f3e18fa7p-3, 0x1.39f2bba043e06p-3, 0x1.2be6c99b32a48p-3};
  static constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1, smallest_normal = 0x1p-1022;
  static constexpr double tail_terms[] = {
      0x1.3b0fbcb4c77bfp-3,   0x1.108a698eca1adp-3,   0x1.95c11dc6c5923p-4,   0x1.00d8ab2d2ae36p-4,
      0x1.0e5e8ee59b897p-5,   0x1.c4f9d54764491p-7,   0x1.1090aa5ce93dep-8,   0x1.39e0d88418218p-11,
      -0x1.4ea6926bc3a07p-13, -0x1.c9182e3babc2ap-14, -0x1.8e76f44aa9b30p-17, 0x1.4df3dad8e8d17p-17,
      0x1.bfcbd3c61533fp-19,  -0x1.ab76ac76d1477p-21, -0x1.29779bca38095p-21, 0x1.21c0e5cbcafbdp-24,
      0x1.754ef79305ee4p-24,  -0x1.2bcefb837c4fcp-27, -0x1.cb59b09e2182cp-27, 0x1.23825acb2c57fp-29,
      0x1.a789b83c7ca41p-30,  -0x1.ee7defa8742aap-32};
  static constexpr double tail_slope = 0x1.999999999999ap-3, tail_end = 37.66;
  static constexpr Bits leading_half = 0xfffffffff8000000;
};

/// c[0] + c[1] x + c[2] x^2 + ...
template <class T, int count>
inline T polynomial(T x, const T (&c)[count]) {
  T sum = c[count - 1];
  for (int i = count - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// exp(x - less) = 2^n y, n = round((x - less) / log 2), y = exp(r), r = x - n log 2 - less.
template <class T>
struct Reduced {
  typename Constants<T>::Bits shifted_n;  ///< where a number has its exponent
  T y, lost;                              ///< `lost`: what rounding took from y
};

template <class T>
inline Reduced<T> reduced_exponential(T x, T less = 0) {
  using C = Constants<T>;
  const T rounded = (x - less) * C::log2_e + C::rounder;
  const T n = rounded - C::rounder;
  const T r = (x - n * C::log_2_high) - n * C::log_2_low - less;
  const T rest = r + r * r * polynomial(r, C::exp_terms);
  const T y = 1 + rest;
  // The shift leaves n alone: the bits of the rounder above it fall off.
  return {__builtin_bit_cast(typename C::Bits, rounded) << C::mantissa_bits, y, rest - (y - 1)};
}

/// exp(x) in `denormal` results too, or 0 for them, which is cheaper:
/// for sums in which they don't count.
template <class T, bool denormal = true>
inline T exponential(T x) {
  using C = Constants<T>;
  using Bits = typename C::Bits;
  const Reduced<T> e = reduced_exponential(x);
  // Denormal results are made 2^64 times as large, and rounded once on their way down.
  const Bits raised = denormal && x < C::exp_low ? Bits(64) << C::mantissa_bits : Bits(0);
  // n added to the exponent of y; this also reaches 2^n y where 2^n by itself would overflow.
  const T large = __builtin_bit_cast(T, __builtin_bit_cast(Bits, e.y) + (e.shifted_n + raised));
  const T inside = x < (denormal ? C::exp_none : C::exp_low) ? T(0) : large;
  constexpr Bits one = C::exponent_bias << C::mantissa_bits;
  const T normal = denormal ? inside * __builtin_bit_cast(T, one - raised) : inside;
  const T above = x + static_cast<T>(__builtin_inff());  // inf, or NaN
  return x <= C::exp_high ? normal : above;
}

/// A number in two parts, what rounding cost in the second.
template <class T>
struct Split {
  T high, low;
};

/// exp(x - less) for scale_low <= x - less <= -scale_low, or NaN.
template <class T>
inline Split<T> split_exponential(T x, T less = 0) {
  using C = Constants<T>;
  const Reduced<T> e = reduced_exponential(x, less);
  const T scale = __builtin_bit_cast(T, e.shifted_n + (C::exponent_bias << C::mantissa_bits));
  return {e.y * scale, e.lost * scale};
}

inline float absolute(float x) { return __builtin_fabsf(x); }
inline double absolute(double x) { return __builtin_fabs(x); }
inline float with_sign_of(float magnitude, float sign) {
  return __builtin_copysignf(magnitude, sign);
}
inline double with_sign_of(double magnitude, double sign) {
  return __builtin_copysign(magnitude, sign);
}

/// Shifted right, the sign bit moving into the places that become free.
template <class T>
inline typename Constants<T>::Bits with_sign_shifted(typename Constants<T>::Bits bits, int places) {
  using C = Constants<T>;
  return static_cast<typename C::Bits>(static_cast<typename C::Signed>(bits) >> places);
}

/// a where all bits of the mask are set, b where none is. (The compiler turns several conditional
/// expressions on one condition into branches, and computes what follows them twice.)
template <class T>
inline T select(typename Constants<T>::Bits mask, T a, T b) {
  using Bits = typename Constants<T>::Bits;
  return __builtin_bit_cast(
      T, (mask & __builtin_bit_cast(Bits, a)) | (~mask & __builtin_bit_cast(Bits, b)));
}

/// Near 0 an odd polynomial, elsewhere 1 - 2 / (exp(2 |x|) + 1).
template <class T>
inline T hyperbolic_tangent(T x) {
  using C = Constants<T>;
  const T magnitude = absolute(x), square = x * x;
  const T small = magnitude + magnitude * (square * polynomial(square, C::tanh_terms));
  const T twice = 2 * magnitude, limited = twice > C::saturated ? C::saturated : twice;
  const T large = 1 - 2 / (split_exponential(limited).high + 1);
  return with_sign_of(magnitude < C::tanh_small ? small : large, x);
}

/// exp(x) - 1 = tanh(x / 2) (exp(x) + 1): no digits are lost near 0, until x / 2 is denormal.
template <class T>
inline T exponential_minus_1(T x) {
  const T y = hyperbolic_tangent(x / 2) * (exponential(x) + 1);
  return absolute(x) < 4 * Constants<T>::smallest_normal ? x : y;
}

/// 1 / (1 + exp(-x)), through e = exp(-|x|), which never overflows: 1 / (1 + e), or e / (1 + e) for
/// x < 0. The quotient is corrected for what e and 1 + e lost in rounding.
template <class T>
inline T logistic(T x) {
  using C = Constants<T>;
  const T exponent = -absolute(x);
  const Split<T> e = split_exponential(exponent < C::scale_low ? C::scale_low : exponent);
  const T sum = 1 + e.high, lost = (e.high - (sum - 1)) + e.low;
  const auto negative =  // 0 or all ones
      with_sign_shifted<T>(__builtin_bit_cast(typename C::Bits, x), C::sign_shift);
  const T y = select(negative, e.high, T(1)) / sum;
  const T reciprocal = select(negative, 1 - y, y);  // of the sum
  return y + (select(negative, e.low, T(0)) - y * lost) * reciprocal;
}

/// The normal distribution function (1 + erf(x / sqrt(2))) / 2, and exp(-x^2 / 2).
template <class T>
struct Normal {
  T cumulative, power;
};

/// Through the tail above a = |x|, exp(-a^2 / 2) times a slow function. What the square loses in
/// rounding matters as much as the square is large: it is taken in two parts.
template <class T>
inline Normal<T> normal_distribution(T x) {
  using C = Constants<T>;
  using Bits = typename C::Bits;
  const T magnitude = absolute(x), a = magnitude > C::tail_end ? C::tail_end : magnitude;
  const T leading = __builtin_bit_cast(T, __builtin_bit_cast(Bits, a) & C::leading_half);
  const T half = static_cast<T>(0.5);
  const T power =
      split_exponential(-half * leading * leading, half * (a - leading) * (a + leading)).high;
  const T w = 1 / (1 + C::tail_slope * a);
  const T tail = power * (w * polynomial(2 * w - 1, C::tail_terms));
  const auto negative = with_sign_shifted<T>(__builtin_bit_cast(Bits, x), C::sign_shift);
  return {select(negative, tail, 1 - tail), power};
}

/// log(x) = n log 2 + log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)), for normal x > 0. With
/// s = f / (2 + f), R = log(1 + f) / s - 2: log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), f exact.
template <class T>
inline T log_of_normal(T x) {
  using C = Constants<T>;
  using Bits = typename C::Bits;
  const Bits bits = __builtin_bit_cast(Bits, x);
  const Bits difference = bits - __builtin_bit_cast(Bits, C::sqrt_half);
  const Bits exponent = with_sign_shifted<T>(difference, C::mantissa_bits);
  const T f = __builtin_bit_cast(T, bits - (exponent << C::mantissa_bits)) - 1;
  // The rounder's bits plus a whole number are the rounder plus that number.
  const T n = __builtin_bit_cast(T, exponent + __builtin_bit_cast(Bits, C::rounder)) - C::rounder;
  const T s = f / (2 + f), z = s * s, half_square = f * f / 2;
  const T rest = s * (half_square + z * polynomial(z, C::log_terms)) + n * C::log_2_low;
  return n * C::log_2_high - ((half_square - rest) - f);
}

/// The natural logarithm: -inf for 0, NaN below, denormal numbers as well.
template <class T>
inline T natural_log(T x) {
  using C = Constants<T>;
  constexpr T infinity = static_cast<T>(__builtin_inff());
  constexpr int raised = 64;
  const bool small = x < C::smallest_normal;
  const T y = log_of_normal(small ? x * static_cast<T>(0x1p64) : x) -
              (small ? raised * (C::log_2_high + C::log_2_low) : T(0));
  const T positive = x < infinity ? y : x;
  const T other = x == 0 ? -infinity : static_cast<T>(__builtin_nanf(""));
  return x > 0 ? positive : other;
}

/// log(1 + x), which keeps the digits of a small x: log(u) for u = 1 + x, and what rounding took
/// from u. It has x's sign.
template <class T>
inline T log_of_1_plus(T x) {
  const T u = 1 + x, lost = x - (u - 1), y = natural_log(u);
  const bool inside = u > 0 && u < static_cast<T>(__builtin_inff());
  return with_sign_of(inside ? y + lost / u : y, x);
}

}  // namespace

}  // namespace heed::loops
