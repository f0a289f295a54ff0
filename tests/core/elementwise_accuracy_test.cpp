// How exact the kernels are: against long double, at their limits and in their tails.
#include <cmath>
#include <limits>

#include "../../core/kernels/elementwise.hpp"
#include "exact_functions.hpp"
#include "kernel_helpers.hpp"
#include "layouts.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// The distance to `exact` in units of the last place of T.
template <class T>
double ulps(T value, long double exact) {
  constexpr int digits = std::numeric_limits<T>::digits;
  int exponent;
  std::frexp(exact, &exponent);
  const int last = std::max(exponent, std::numeric_limits<T>::min_exponent) - digits;
  return static_cast<double>(std::fabs(static_cast<long double>(value) - exact) /
                             std::ldexp(1.0L, last));
}

/// The largest distance on an even grid over [low, high], and its place.
template <class T>
void check_accuracy(const char* name, Array (*kernel)(const Array&),
                    long double (*exact)(long double), double low, double high, double limit = 2) {
  constexpr int64_t n = 200003;
  const Array x = filled({n}, dtype_of<T>, [=](int64_t i) {
    return low + (high - low) * static_cast<double>(i) / double(n - 1);
  });
  const Array y = kernel(x);
  double worst = 0, place = 0;
  for (int64_t i = 0; i < n; ++i) {
    const T at = x.data<T>()[i];
    const double distance = ulps(y.data<T>()[i], exact(at));
    if (distance > worst) worst = distance, place = static_cast<double>(at);
  }
  INFO(name << " of " << to_string(dtype_of<T>) << " in [" << low << ", " << high << "]: " << worst
            << " ulp at " << place);
  CHECK(worst <= limit);
}

template <class T>
void check_accuracy_everywhere(double exp_none, double exp_low, double exp_high) {
  check_accuracy<T>("exp", kernels::exp, exact_exp, exp_none, exp_low);  // denormal
  check_accuracy<T>("exp", kernels::exp, exact_exp, exp_low, exp_high);
  check_accuracy<T>("exp", kernels::exp, exact_exp, -1, 1);
  check_accuracy<T>("exp", kernels::exp, exact_exp, -1e-6, 1e-6);
  check_accuracy<T>("log", kernels::log, exact_log, 1e-37, 1e38);
  check_accuracy<T>("log", kernels::log, exact_log, 0.3, 5);
  check_accuracy<T>("log", kernels::log, exact_log, 0.99, 1.01);
  check_accuracy<T>("log", kernels::log, exact_log, 1e-37, 1e-36);
  for (const double range : {1e-30, 1e-6, 0.1, 0.7, 2.0, 25.0}) {
    check_accuracy<T>("tanh", kernels::tanh, exact_tanh, -range, range);
  }
  for (const double range : {1e-6, 1.0, 20.0, -exp_low}) {
    check_accuracy<T>("sigmoid", kernels::sigmoid, exact_sigmoid, -range, range);
    check_accuracy<T>("silu", kernels::silu, exact_silu, -range, range, 3);
  }
  for (const double range : {1e-6, 1.0, 5.0, std::sqrt(-2 * exp_low) - 0.3}) {
    // Where products are rounded before they are added (no FMA) it is nearly 6.
    check_accuracy<T>("gelu", kernels::gelu, exact_gelu, -range, range,
                      dtype_of<T> == float32 ? 6 : 10);
  }
}

template <class T>
void check_other_functions() {
  for (const double range : {1e-30, 1e-6, 0.7, 10.0, 1e6}) {
    check_accuracy<T>("sin", kernels::sin, exact_sin, -range, range);
    check_accuracy<T>("cos", kernels::cos, exact_cos, -range, range);
  }
  for (const double range : {1e-30, 1e-6, 0.1, 0.9999}) {
    check_accuracy<T>("log1p", kernels::log1p, exact_log1p, -range, range);
  }
  check_accuracy<T>("log1p", kernels::log1p, exact_log1p, -0.75, -0.25);
  check_accuracy<T>("log1p", kernels::log1p, exact_log1p, 0.5, 5);
  check_accuracy<T>("log1p", kernels::log1p, exact_log1p, 1, 1e30);
  const double denormal = std::numeric_limits<T>::denorm_min() * 1000.0;
  check_accuracy<T>("log1p", kernels::log1p, exact_log1p, -denormal, denormal);
}

}  // namespace

TEST_CASE("sin, cos and log1p are at most 2 ulp from the exact value") {
  check_other_functions<float>();
  check_other_functions<double>();
}

TEST_CASE("expm1 is a few ulp from the exact value at most") {
  for (const double range : {1e-37, 1e-30, 1e-6, 0.1, 0.7, 2.0, 25.0, 88.0}) {
    check_accuracy<float>("expm1", kernels::expm1, exact_expm1, -range, range, 5);
    check_accuracy<double>("expm1", kernels::expm1, exact_expm1, -range, range, 5);
  }
}

TEST_CASE("log1p has the right limits and the sign of what it takes") {
  for (const DType dtype : {float32, float64}) {
    const double huge = dtype == float32 ? 3e38 : 1e308;
    const Array x = Array::from<double>({0, -0.0, -1, -2, inf, -inf, huge, std::nan("")}, {8});
    const std::vector<double> y = plain(kernels::log1p(x.to(dtype)));
    CHECK((y[0] == 0 && !std::signbit(y[0])));
    CHECK((y[1] == 0 && std::signbit(y[1])));
    CHECK((y[2] == -inf && std::isnan(y[3]) && y[4] == inf));
    CHECK((std::isnan(y[5]) && std::isnan(y[7])));
    CHECK(y[6] == Approx(std::log(huge)));
  }
}

TEST_CASE(
    "exp, log, tanh and sigmoid are at most 2 ulp from the exact value, gelu and silu a few") {
  check_accuracy_everywhere<float>(-106, -87.3, 88.7);
  check_accuracy_everywhere<double>(-747, -708.3, 709.7);
}

TEST_CASE("exp, log, tanh and sigmoid have the right limits") {
  for (const DType dtype : {float32, float64}) {
    const Array x = Array::from<double>({inf, -inf, 1000, -1000, 0, -0.0}, {6}).to(dtype);
    CHECK(plain(kernels::exp(x)) == std::vector<double>{inf, 0, inf, 0, 1, 1});
    const std::vector<double> t = plain(kernels::tanh(x));
    CHECK(t == std::vector<double>{1, -1, 1, -1, 0, 0});
    CHECK_FALSE(std::signbit(t[4]));
    CHECK(std::signbit(t[5]));
    CHECK(plain(kernels::sigmoid(x)) == std::vector<double>{1, 0, 1, 0, 0.5, 0.5});
    const std::vector<double> l = plain(kernels::log(x));
    CHECK(l[0] == inf);
    CHECK(std::isnan(l[1]));
    CHECK(std::isnan(l[3]));
    CHECK((l[4] == -inf && l[5] == -inf));
    const double denormal = dtype == float32 ? 0x1p-140 : 0x1p-1060;
    CHECK(kernels::log(Array::full({1}, denormal, dtype)).item() == Approx(std::log(denormal)));
    CHECK(plain(kernels::log(Array::full({2}, 1, dtype))) == std::vector<double>{0, 0});
  }
}

namespace {

// x, gelu, its slope, silu, its slope: exact, and what torch 2.13 gives in float64 except in the
// tail, where its 1 + erf(x) cancels to 0 at -9.
const double gelu_and_silu[][5] = {
    {-9, -1.0157295653584566e-18, -9.1389373739066393e-18, -0.0011105511838760856,
     -0.00098701957189740844},
    {-5, -1.4332578593959696e-6, -7.1469460017922946e-6, -0.033464254621424278,
     -0.026547432429665919},
    {-2.5, -0.015524163314440338, -0.037611085908145208, -0.18964545005310888,
     -0.099401111341526841},
    {-1, -0.15865525393145705, -0.083315470587686298, -0.26894142136999512, 0.072329488128513268},
    {-0.5, -0.15426876936299345, 0.13250487534383716, -0.18877033439907272, 0.26003881269734819},
    {-0.0625, -0.029692645685672049, 0.45019708992782237, -0.030273755267311523, 0.468770333137434},
    {0.03125, 0.016014528669824285, 0.52492577780675109, 0.015869120758725139, 0.51562245724096954},
    {0.5, 0.34573123063700655, 0.86749512465616284, 0.31122966560092728, 0.73996118730265181},
    {1, 0.84134474606854295, 1.0833154705876863, 0.73105857863000488, 0.92767051187148673},
    {3, 2.9959503059051097, 1.0119456472041839, 2.8577223804672997, 1.0881041060151696},
    {8, 7.999999999999995, 1.0000000000000398, 7.9973171989562682, 1.0023465512355853},
};

}  // namespace

TEST_CASE("gelu and silu have PyTorch's values and slopes, and exact ones in the tail") {
  for (const DType dtype : {float32, float64}) {
    const double tolerance = dtype == float32 ? 1e-6 : 1e-14;
    for (const auto& [x, y, slope, s, s_slope] : gelu_and_silu) {
      INFO(to_string(dtype) << " at " << x);
      const Array at = Array::full({1}, x, dtype), one = Array::full({1}, 1, dtype);
      CHECK(kernels::gelu(at).item() == Approx(y).epsilon(tolerance).margin(0));
      CHECK(kernels::gelu_backward(one, at).item() == Approx(slope).epsilon(tolerance).margin(0));
      CHECK(kernels::silu(at).item() == Approx(s).epsilon(tolerance).margin(0));
      CHECK(kernels::silu_backward(one, at).item() == Approx(s_slope).epsilon(tolerance).margin(0));
    }
    const Array x = Array::from<double>({inf, 1e30, 1000, -1000, 0, -0.0}, {6}).to(dtype);
    const std::vector<double> limits = {inf, plain(x)[1], 1000, 0, 0, 0};
    CHECK(plain(kernels::gelu(x)) == limits);
    CHECK(plain(kernels::silu(x)) == limits);
    CHECK(std::signbit(plain(kernels::gelu(x))[5]));
    const Array one = Array::full({5}, 1, dtype);
    const std::vector<double> slopes = {1, 1, 0, 0.5, 0.5};
    CHECK_THAT(plain(kernels::gelu_backward(one, x.slice(0, 1, 6))), Catch::Approx(slopes));
    CHECK_THAT(plain(kernels::silu_backward(one, x.slice(0, 1, 6))), Catch::Approx(slopes));
    CHECK(std::isnan(kernels::gelu(Array::full({1}, -inf, dtype)).item()));
    CHECK(std::isnan(kernels::silu(Array::full({1}, -inf, dtype)).item()));
  }
}
