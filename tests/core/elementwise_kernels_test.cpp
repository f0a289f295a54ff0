#include <cfloat>
#include <cmath>
#include <functional>
#include <limits>

#include "../../core/kernels/elementwise.hpp"
#include "exact_functions.hpp"
#include "kernel_helpers.hpp"
#include "layouts.hpp"

using namespace heed;
using namespace heed::testing;
using kernels::Comparison;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// Values of both signs and positive ones; whole where the element type is.
double mixed(int64_t i) { return static_cast<double>((i * 37 + 11) % 101 - 50) / 8; }
double other(int64_t i) { return static_cast<double>((i * 53 + 29) % 97 - 48) / 8; }
double positive(int64_t i) { return static_cast<double>((i * 37 + 11) % 101 + 1) / 16; }
double whole(int64_t i) { return static_cast<double>((i * 37 + 11) % 101 - 50); }
double other_whole(int64_t i) { return static_cast<double>((i * 53 + 29) % 97 - 48); }
double bit(int64_t i) { return (i * 37 + 11) % 101 % 3 == 0; }

/// The result of a kernel that was given inputs of one shape, element by element; `expected` takes
/// the elements of the inputs at one place as an array.
template <class F>
void check(const Array& y, const std::vector<Array>& inputs, DType dtype, double tolerance,
           const F& expected) {
  REQUIRE(y.shape() == inputs[0].shape());
  REQUIRE(y.dtype() == dtype);
  REQUIRE(y.is_contiguous());
  std::vector<std::vector<double>> in;
  for (const Array& input : inputs) in.push_back(plain(input));
  const std::vector<double> got = plain(y);
  for (std::size_t i = 0; i < got.size(); ++i) {
    double arguments[3] = {};
    for (std::size_t k = 0; k < in.size(); ++k) arguments[k] = in[k][i];
    const double right = expected(arguments);
    if (got[i] == right || (std::isnan(right) && std::isnan(got[i]))) continue;
    if (std::abs(got[i] - right) <= tolerance * std::abs(right)) continue;
    FAIL("element " << i << ": " << got[i] << " should be " << right);
  }
  SUCCEED();
}

double tolerance_of(DType dtype) { return dtype == float64 ? 1e-15 : dtype == float32 ? 4e-7 : 0; }

struct UnaryCase {
  const char* name;
  Array (*kernel)(const Array&);
  double (*reference)(double);
  bool positive_only = false, whole_too = false;
  double slack = 1;
};

const std::vector<UnaryCase>& unary_cases() {
  namespace k = kernels;
  static const std::vector<UnaryCase> cases = {
      {"neg", k::neg, [](double x) { return -x; }, false, true},
      {"square", k::square, [](double x) { return x * x; }, false, true},
      {"abs", k::abs, [](double x) { return std::abs(x); }, false, true},
      {"sqrt", k::sqrt, [](double x) { return std::sqrt(x); }, true},
      {"exp", k::exp, [](double x) { return std::exp(x); }},
      {"log", k::log, [](double x) { return std::log(x); }, true},
      {"tanh", k::tanh, [](double x) { return std::tanh(x); }},
      {"sigmoid", k::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"relu", k::relu, [](double x) { return x > 0 ? x : 0.0; }},
      {"gelu", k::gelu, [](double x) { return double(exact_gelu(x)); }, false, false, 4},
      {"silu", k::silu, [](double x) { return x / (1 + std::exp(-x)); }},
      {"sin", k::sin, [](double x) { return std::sin(x); }},
      {"cos", k::cos, [](double x) { return std::cos(x); }},
      {"log1p", k::log1p, [](double x) { return std::log1p(x); }, true},
      {"sign", k::sign, [](double x) { return double((x > 0) - (x < 0)); }, false, true},
      {"round", k::round, [](double x) { return std::nearbyint(x); }, false, true},
      {"floor", k::floor, [](double x) { return std::floor(x); }, false, true},
      {"ceil", k::ceil, [](double x) { return std::ceil(x); }, false, true},
      {"add 3", [](const Array& x) { return k::add(x, 3); }, [](double x) { return x + 3; }, false,
       true},
      {"mul -2", [](const Array& x) { return k::mul(x, -2); }, [](double x) { return x * -2; },
       false, true},
      {"clamp", [](const Array& x) { return k::clamp(x, -2, 3); },
       [](double x) { return std::min(std::max(x, -2.0), 3.0); }, false, true},
      {"pow 1", [](const Array& x) { return k::pow(x, 1); }, [](double x) { return x; }},
      {"pow 2", [](const Array& x) { return k::pow(x, 2); }, [](double x) { return x * x; }},
      {"pow -1", [](const Array& x) { return k::pow(x, -1); }, [](double x) { return 1 / x; }},
      {"pow 0.5", [](const Array& x) { return k::pow(x, 0.5); },
       [](double x) { return std::sqrt(x); }, true},
      {"pow 3", [](const Array& x) { return k::pow(x, 3); }, [](double x) { return x * x * x; }},
      {"pow 0.75", [](const Array& x) { return k::pow(x, 0.75); },
       [](double x) { return std::pow(x, 0.75); }, true},
  };
  return cases;
}

struct BinaryCase {
  const char* name;
  Array (*kernel)(const Array&, const Array&);
  double (*reference)(double, double);
  bool positive_only = false, whole_too = false;
  double slack = 1;
};

const std::vector<BinaryCase>& binary_cases() {
  namespace k = kernels;
  static const std::vector<BinaryCase> cases = {
      {"add", k::add, [](double a, double b) { return a + b; }, false, true},
      {"sub", k::sub, [](double a, double b) { return a - b; }, false, true},
      {"mul", k::mul, [](double a, double b) { return a * b; }, false, true},
      {"div", k::div, [](double a, double b) { return a / b; }, true},
      {"pow", k::pow, [](double a, double b) { return std::pow(a, b); }, true},
      {"minimum", k::minimum, [](double a, double b) { return std::min(a, b); }, false, true},
      {"maximum", k::maximum, [](double a, double b) { return std::max(a, b); }, false, true},
      {"square_backward", k::square_backward, [](double g, double x) { return 2 * g * x; }},
      {"abs_backward", k::abs_backward, [](double g, double x) { return g * ((x > 0) - (x < 0)); }},
      {"sqrt_backward", k::sqrt_backward, [](double g, double y) { return g / (2 * y); }, true},
      {"exp_backward", k::exp_backward, [](double g, double y) { return g * y; }},
      {"log_backward", k::log_backward, [](double g, double x) { return g / x; }, true},
      {"tanh_backward", k::tanh_backward, [](double g, double y) { return g * (1 - y * y); }},
      {"sigmoid_backward", k::sigmoid_backward, [](double g, double y) { return g * y * (1 - y); }},
      {"relu_backward", k::relu_backward, [](double g, double y) { return y > 0 ? g : 0.0; }},
      {"sin_backward", k::sin_backward, [](double g, double x) { return g * std::cos(x); }},
      {"cos_backward", k::cos_backward, [](double g, double x) { return -g * std::sin(x); }},
      {"log1p_backward", k::log1p_backward, [](double g, double x) { return g / (1 + x); }, true},
      {"sign_backward", k::sign_backward, [](double, double) { return 0.0; }},
      {"gelu_backward", k::gelu_backward,
       [](double g, double x) {
         const long double density = std::exp(-x * x / 2.0L) / std::sqrt(2 * M_PIl);
         return g * double(normal(x) + x * density);
       },
       false, false, 100},  // the slope vanishes near -0.75
      {"silu_backward", k::silu_backward,
       [](double g, double x) {
         const double s = 1 / (1 + std::exp(-x));
         return g * s * (1 + x * (1 - s));
       },
       false, false, 100},  // and near -1.28
      {"product with a factor", [](const Array& a, const Array& b) { return k::mul(a, b, -0.5); },
       [](double a, double b) { return a * b * -0.5; }},
  };
  return cases;
}

}  // namespace

TEST_CASE("functions of one array agree with plain loops in every layout") {
  for (const UnaryCase& f : unary_cases()) {
    for (const DType dtype : {float32, float64, int32}) {
      if (dtype == int32 && !f.whole_too) continue;
      const auto value = dtype == int32 ? whole : f.positive_only ? positive : mixed;
      for (const Layout& layout : layouts(dtype, value)) {
        INFO(f.name << " of " << to_string(dtype) << ", " << layout.name);
        check(f.kernel(layout.x), {layout.x}, dtype, f.slack * tolerance_of(dtype),
              [&](const auto& v) { return f.reference(v[0]); });
      }
    }
  }
}

TEST_CASE("functions of two arrays agree with plain loops in every pair of layouts") {
  for (const BinaryCase& f : binary_cases()) {
    for (const DType dtype : {float32, float64, int32}) {
      if (dtype == int32 && !f.whole_too) continue;
      const auto first = dtype == int32 ? whole : f.positive_only ? positive : mixed;
      const auto second = dtype == int32 ? other_whole : f.positive_only ? positive : other;
      for (const Layout& a : layouts(dtype, first)) {
        for (const Layout& b : layouts(dtype, second)) {
          if (a.x.shape() != b.x.shape()) continue;
          INFO(f.name << " of " << to_string(dtype) << ", " << a.name << " and " << b.name);
          check(f.kernel(a.x, b.x), {a.x, b.x}, dtype, 4 * f.slack * tolerance_of(dtype),
                [&](const auto& v) { return f.reference(v[0], v[1]); });
        }
      }
    }
  }
}

TEST_CASE("comparisons of all element types agree with plain loops, with arrays and with numbers") {
  const std::vector<std::pair<Comparison, std::function<bool(double, double)>>> relations = {
      {Comparison::eq, std::equal_to<>()}, {Comparison::ne, std::not_equal_to<>()},
      {Comparison::lt, std::less<>()},     {Comparison::le, std::less_equal<>()},
      {Comparison::gt, std::greater<>()},  {Comparison::ge, std::greater_equal<>()}};
  for (const DType dtype : {float32, float64, int32, boolean}) {
    const auto first = dtype == boolean ? bit : [](int64_t i) { return double(i * 7 % 5); };
    for (const Layout& a : layouts(dtype, first)) {
      const Array b = filled(a.x.shape(), dtype, [](int64_t i) { return double(i * 3 % 4); });
      for (const auto& [relation, reference] : relations) {
        INFO(to_string(dtype) << ", " << a.name << ", relation " << static_cast<int>(relation));
        const auto& holds = reference;
        check(kernels::compare(relation, a.x, b), {a.x, b}, boolean, 0,
              [&](const auto& v) { return holds(v[0], v[1]); });
        for (const double number : {1.0, 2.0, 1.5}) {
          check(kernels::compare(relation, a.x, number), {a.x}, boolean, 0,
                [&](const auto& v) { return holds(v[0], number); });
        }
      }
    }
  }
}

TEST_CASE("logical functions, where and masked_fill agree with plain loops in every layout") {
  for (const Layout& mask : layouts(boolean, bit)) {
    INFO("mask " << mask.name);
    const Shape& shape = mask.x.shape();
    const Array other_bits = filled(shape, boolean, [](int64_t i) { return double(i % 2); });
    check(kernels::logical_and(mask.x, other_bits), {mask.x, other_bits}, boolean, 0,
          [](const auto& v) { return v[0] != 0 && v[1] != 0; });
    check(kernels::logical_or(mask.x, other_bits), {mask.x, other_bits}, boolean, 0,
          [](const auto& v) { return v[0] != 0 || v[1] != 0; });
    check(kernels::logical_not(mask.x), {mask.x}, boolean, 0,
          [](const auto& v) { return v[0] == 0; });
    for (const DType dtype : {float32, float64, int32, boolean}) {
      for (const Layout& a : layouts(dtype, whole)) {
        if (a.x.shape() != shape) continue;
        INFO(to_string(dtype) << ", " << a.name);
        const Array b = filled(shape, dtype, other_whole);
        check(kernels::where(mask.x, a.x, b), {mask.x, a.x, b}, dtype, 0,
              [](const auto& v) { return v[0] != 0 ? v[1] : v[2]; });
        check(kernels::where(mask.x, b, a.x), {mask.x, b, a.x}, dtype, 0,
              [](const auto& v) { return v[0] != 0 ? v[1] : v[2]; });
        check(kernels::masked_fill(a.x, mask.x, 1), {mask.x, a.x}, dtype, 0,
              [](const auto& v) { return v[0] != 0 ? 1.0 : v[1]; });
      }
    }
  }
  const Array filled_up =
      kernels::masked_fill(Array::full({2}, 1), Array::from<bool>({true, false}, {2}), -inf);
  CHECK(plain(filled_up) == std::vector<double>{-inf, 1});
}

TEST_CASE("kernels that fill an array change it in every layout, and nothing beside it") {
  for (const DType dtype : {float32, float64, int32}) {
    const std::vector<Layout> targets = layouts(dtype, whole);
    const std::vector<Layout> sources = layouts(dtype, other_whole);
    for (const Layout& made : targets) {
      for (const Layout& source : sources) {
        const bool repeated =
            made.name.find("repeated") != std::string::npos || made.name == "one number";
        if (repeated || made.x.shape() != source.x.shape()) continue;
        INFO(to_string(dtype) << ": " << made.name << " from " << source.name);
        const auto is = [&](const auto& change, const auto& expected) {
          const Array target = made.x;
          const std::vector<double> before = plain(target), x = plain(source.x);
          change(target);
          const std::vector<double> after = plain(target);
          for (std::size_t i = 0; i < after.size(); ++i) {
            if (after[i] != expected(before[i], x[i])) {
              FAIL("element " << i << ": " << before[i] << ", " << x[i] << " gave " << after[i]);
            }
          }
        };
        is([&](const Array& t) { kernels::add_into(t, source.x, 2); },
           [](double t, double x) { return t + 2 * x; });
        is([](const Array& t) { kernels::scale(t, 3); }, [](double t, double) { return 3 * t; });
        is([](const Array& t) { kernels::fill(t, 7); }, [](double, double) { return 7.0; });
        is([&](const Array& t) { kernels::copy_into(t, source.x); },
           [](double, double x) { return x; });
      }
    }
  }
  const Array room = Array::zeros({5, 7});
  const Array part = room.slice(0, 1, 4).slice(1, 2, 7, 3);
  kernels::fill(part, 1);
  kernels::add_into(part, part, 0.5);
  kernels::scale(part, 2);
  double sum = 0;
  for (const double v : plain(room)) sum += v;
  CHECK(plain(part) == std::vector<double>(6, 3.0));
  CHECK(sum == 18);
}

TEST_CASE("copying converts between all element types") {
  const Array x = Array::from<double>({-2.75, 0, 0.5, 1, 300.25}, {5});
  CHECK(plain(x.to(int32)) == std::vector<double>{-2, 0, 0, 1, 300});
  CHECK(plain(x.to(boolean)) == std::vector<double>{1, 0, 1, 1, 1});
  CHECK(plain(x.to(float32)) == plain(x));
  for (const DType from : {float32, float64, int32, boolean}) {
    for (const DType to : {float32, float64, int32, boolean}) {
      for (const Layout& source : layouts(from, from == boolean ? bit : whole)) {
        INFO(to_string(from) << " to " << to_string(to) << ", " << source.name);
        const Array target = Array::empty(source.x.shape(), to);
        kernels::copy_into(target, source.x);
        check(target, {source.x}, to, 0,
              [&](const auto& v) { return to == boolean ? v[0] != 0 : v[0]; });
      }
    }
  }
}

TEST_CASE("whole numbers wrap around and numbers given as double are limited to their range") {
  const Array x = Array::from<int32_t>({INT32_MAX, INT32_MIN}, {2});
  CHECK(plain(kernels::add(x, x)) == std::vector<double>{-2, 0});
  CHECK(plain(kernels::neg(x)) == std::vector<double>{-2147483647.0, -2147483648.0});
  CHECK(plain(kernels::clamp(x, -1e20, 5.5)) == std::vector<double>{5, -2147483648.0});
  CHECK(plain(kernels::compare(Comparison::lt, x, 1e20)) == std::vector<double>{1, 1});
  CHECK(plain(kernels::compare(Comparison::eq, x, not_a_number)) == std::vector<double>{0, 0});
}

TEST_CASE("NaN passes through functions of one and two arrays") {
  for (const DType dtype : {float32, float64}) {
    const Array x = Array::from<double>({not_a_number, 1, not_a_number}, {3}).to(dtype);
    const Array one = Array::full({3}, 1, dtype);
    for (const Array& y :
         {kernels::exp(x), kernels::tanh(x), kernels::sigmoid(x), kernels::relu(x),
          kernels::gelu(x), kernels::silu(x), kernels::gelu_backward(one, x),
          kernels::silu_backward(one, x), kernels::abs_backward(one, x), kernels::clamp(x, 0, 2),
          kernels::minimum(x, one), kernels::minimum(one, x), kernels::maximum(x, one),
          kernels::maximum(one, x)}) {
      const std::vector<double> v = plain(y);
      CHECK(std::isnan(v[0]));
      CHECK_FALSE(std::isnan(v[1]));
      CHECK(std::isnan(v[2]));
    }
  }
}

TEST_CASE("elementwise kernels give the same bits for any number of threads") {
  const Array a = filled({3, 20011}, float32, mixed), b = filled({3, 20011}, float32, positive);
  const Array turned_around = filled({211, 307}, float32, mixed).transpose(0, 1);
  check_same_bits_for_threads([&] { return kernels::mul(a, b); });
  check_same_bits_for_threads([&] { return kernels::tanh(a); });
  check_same_bits_for_threads([&] { return kernels::gelu(a); });
  check_same_bits_for_threads([&] { return kernels::pow(b, 0.3); });
  check_same_bits_for_threads([&] { return kernels::sigmoid(turned_around); });
  check_same_bits_for_threads([&] {
    const Array target = a.clone();
    kernels::add_into(target, b, 0.3);
    return target;
  });
}
